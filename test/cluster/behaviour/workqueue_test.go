package behaviour

import (
	"fmt"
	"testing"
	"time"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"

	"github.com/patternctl/patternctl/test/cluster/scenario"
)

// queue is a work queue with these items, and something more in its instance.
func queue(namespace, items, more string) string {
	return fmt.Sprintf(`
name: %[1]q
workQueue: jobs: {
	container: {
		image: %[2]q
		args: ["work"]
		resources: {cpu: "10m", memory: "32Mi"}
	}
	items: [%[3]s]
	%[4]s
}
`, namespace, kubernetes.App, items, more)
}

// condition says whether a Job has ended like this.
func condition(job batch.Job, kind batch.JobConditionType) bool {
	for _, c := range job.Status.Conditions {
		if c.Type == kind && c.Status == core.ConditionTrue {
			return true
		}
	}
	return false
}

const indexLabel = "batch.kubernetes.io/job-completion-index"

func TestWorkQueueKills(t *testing.T) {
	t.Parallel()
	prove(t, "workQueue", "every item is done although workers are killed", func(s *scenario.Scenario, namespace string) string {
		items := ""
		for i := range 8 {
			items += fmt.Sprintf("%q,", fmt.Sprintf("item %d: sleep 6s", i))
		}
		s.Apply(generate(s, queue(namespace, items, "parallelism: 4")))
		killed := 0
		s.Wait("three workers to be killed", func() string {
			for _, pod := range s.Pods(namespace, "app.kubernetes.io/name=jobs") {
				if pod.Status.Phase == core.PodRunning && killed < 3 {
					s.Kill(pod)
					killed++
					return "not all are killed"
				}
			}
			if killed < 3 {
				return fmt.Sprintf("%d are killed", killed)
			}
			return ""
		})
		job := s.WaitJob(namespace)
		if !condition(job, batch.JobComplete) || job.Status.CompletedIndexes != "0-7" {
			s.Fatalf("the Job has ended with %+v", job.Status)
		}
		return fmt.Sprintf("8 items done, %d workers killed, indexes %s complete", killed, job.Status.CompletedIndexes)
	})
}

func TestWorkQueueFailures(t *testing.T) {
	t.Parallel()
	prove(t, "workQueue", "an item that can't be done is recorded and not tried again, others are", func(s *scenario.Scenario, namespace string) string {
		s.Apply(generate(s, queue(namespace, `"one", "fail 42", "three", "fail 1", "five"`, "retries: 1")))
		job := s.WaitJob(namespace)
		if !condition(job, batch.JobFailed) || job.Status.CompletedIndexes != "0,2,4" || job.Status.FailedIndexes == nil || *job.Status.FailedIndexes != "1,3" {
			s.Fatalf("the Job has ended with %+v", job.Status)
		}
		tries := map[string]int{}
		for _, pod := range s.Pods(namespace, "app.kubernetes.io/name=jobs") {
			tries[pod.Labels[indexLabel]]++
		}
		if tries["1"] != 1 || tries["3"] != 2 {
			s.Fatalf("the item with exit code 42 was tried %d times instead of 1, that with exit code 1 %d times instead of 2", tries["1"], tries["3"])
		}
		return "indexes 1,3 failed: the first after 1 try, the other after 2; 0,2,4 complete"
	})
}

func TestWorkQueueTimeout(t *testing.T) {
	t.Parallel()
	prove(t, "workQueue", "a try that takes too long is stopped and counts as failed", func(s *scenario.Scenario, namespace string) string {
		start := time.Now()
		s.Apply(generate(s, queue(namespace, `"quick", "sleep 10m"`, "retries: 0\n\titemTimeoutSeconds: 20\n\tshutdown: drainSeconds: 2")))
		job := s.WaitJob(namespace)
		if job.Status.CompletedIndexes != "0" || job.Status.FailedIndexes == nil || *job.Status.FailedIndexes != "1" {
			s.Fatalf("the Job has ended with %+v", job.Status)
		}
		return fmt.Sprintf("an item of ten minutes failed after %.0f s, with a timeout of 20", time.Since(start).Seconds())
	})
}
