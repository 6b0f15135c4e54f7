package scenario

import (
	"fmt"
	"time"

	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Wait asks again and again until missing says nothing any more, and gives up when it has taken too long.
func (s *Scenario) Wait(what string, missing func() string) {
	s.Helper()
	s.WaitFor(patience, what, missing)
}

// WaitFor is Wait with a bound of its own. It returns how long it took.
func (s *Scenario) WaitFor(bound time.Duration, what string, missing func() string) time.Duration {
	s.Helper()
	start := time.Now()
	for {
		m := missing()
		if m == "" {
			return time.Since(start)
		}
		if time.Since(start) > bound {
			s.Fatalf("%s: not within %s: %s", what, bound, m)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// WaitReady waits until every Deployment and StatefulSet of a namespace has rolled out and all their pods are ready.
func (s *Scenario) WaitReady(namespace string) {
	s.Helper()
	s.Wait("workloads of "+namespace, func() string {
		deployments, err := s.Kube.AppsV1().Deployments(namespace).List(s.Context(), meta.ListOptions{})
		if err != nil {
			return err.Error()
		}
		for _, d := range deployments.Items {
			if m := deploymentMisses(d); m != "" {
				return m
			}
		}
		sets, err := s.Kube.AppsV1().StatefulSets(namespace).List(s.Context(), meta.ListOptions{})
		if err != nil {
			return err.Error()
		}
		for _, set := range sets.Items {
			if m := statefulSetMisses(set); m != "" {
				return m
			}
		}
		return ""
	})
}

func deploymentMisses(d apps.Deployment) string {
	want, is := *d.Spec.Replicas, d.Status
	if is.ObservedGeneration < d.Generation || is.UpdatedReplicas < want || is.AvailableReplicas < want || is.Replicas > want {
		return fmt.Sprintf("Deployment %s has %d pods, %d updated, %d available, of %d", d.Name, is.Replicas, is.UpdatedReplicas, is.AvailableReplicas, want)
	}
	return ""
}

func statefulSetMisses(set apps.StatefulSet) string {
	want, is := *set.Spec.Replicas, set.Status
	if is.ObservedGeneration < set.Generation || is.ReadyReplicas < want || is.Replicas > want || is.CurrentRevision != is.UpdateRevision {
		return fmt.Sprintf("StatefulSet %s has %d pods, %d updated, %d ready, of %d", set.Name, is.Replicas, is.UpdatedReplicas, is.ReadyReplicas, want)
	}
	return ""
}

// WaitJob waits until the one Job of a namespace has ended, and returns it.
func (s *Scenario) WaitJob(namespace string) batch.Job {
	s.Helper()
	var job batch.Job
	s.Wait("the Job of "+namespace, func() string {
		job = s.Job(namespace)
		for _, c := range job.Status.Conditions {
			if (c.Type == batch.JobComplete || c.Type == batch.JobFailed) && c.Status == core.ConditionTrue {
				return ""
			}
		}
		return fmt.Sprintf("%d of its pods run, indexes done: %q", job.Status.Active, job.Status.CompletedIndexes)
	})
	return job
}

// Job is the one Job of a namespace.
func (s *Scenario) Job(namespace string) batch.Job {
	s.Helper()
	jobs, err := s.Kube.BatchV1().Jobs(namespace).List(s.Context(), meta.ListOptions{})
	if err != nil || len(jobs.Items) != 1 {
		s.Fatalf("namespace %s has %d Jobs instead of 1: %v", namespace, len(jobs.Items), err)
	}
	return jobs.Items[0]
}

// Pods are those of a namespace with these labels, such as app.kubernetes.io/component=shard, that nothing ends at the moment.
func (s *Scenario) Pods(namespace, labels string) []core.Pod {
	s.Helper()
	var live []core.Pod
	for _, pod := range s.AllPods(namespace, labels) {
		if pod.DeletionTimestamp == nil {
			live = append(live, pod)
		}
	}
	return live
}

// AllPods are those of a namespace with these labels, also those that are being ended.
func (s *Scenario) AllPods(namespace, labels string) []core.Pod {
	s.Helper()
	pods, err := s.Kube.CoreV1().Pods(namespace).List(s.Context(), meta.ListOptions{LabelSelector: labels})
	if err != nil {
		s.Fatal(err)
	}
	return pods.Items
}

// Ready says whether a pod is.
func Ready(pod core.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == core.PodReady {
			return c.Status == core.ConditionTrue
		}
	}
	return false
}
