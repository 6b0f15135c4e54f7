package scenario

import (
	"context"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Kill ends a pod at once and without a word to its containers, as a failure would.
func (s *Scenario) Kill(pod core.Pod) {
	s.Helper()
	now := int64(0)
	if err := s.Kube.CoreV1().Pods(pod.Namespace).Delete(s.Context(), pod.Name, meta.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		s.Fatal(err)
	}
}

// Delete ends a pod as a rolling update or a drain does, with its grace period.
func (s *Scenario) Delete(pod core.Pod) {
	s.Helper()
	if err := s.Kube.CoreV1().Pods(pod.Namespace).Delete(s.Context(), pod.Name, meta.DeleteOptions{}); err != nil {
		s.Fatal(err)
	}
}

// Restart replaces the pods of a workload, such as deployment/web, as `kubectl rollout restart` does, and waits for the new ones.
func (s *Scenario) Restart(namespace, workload string) {
	s.Helper()
	s.Kubectl("--namespace", namespace, "rollout", "restart", workload)
	s.WaitReady(namespace)
}

// NodesToDisturb are the names of the nodes on which pods may run, which Drain and KillNode may take out of service. The
// scenario is skipped if there are fewer than this, or if others may use the cluster.
func (s *Scenario) NodesToDisturb(atLeast int) []string {
	s.Helper()
	if s.cluster.KillNode == nil {
		s.Skip("this takes a node out of service, which is not done to a cluster that others may use")
	}
	nodes, err := s.Kube.CoreV1().Nodes().List(s.Context(), meta.ListOptions{})
	if err != nil {
		s.Fatal(err)
	}
	var names []string
	for _, node := range nodes.Items {
		if !node.Spec.Unschedulable && len(node.Spec.Taints) == 0 {
			names = append(names, node.Name)
		}
	}
	if len(names) < atLeast {
		s.Skipf("this needs %d nodes that take pods, and the cluster has %d", atLeast, len(names))
	}
	return names
}

// Drain does what `kubectl drain` does, within a bound, and lets pods come back when the scenario ends.
func (s *Scenario) Drain(node string, bound time.Duration) {
	s.Helper()
	s.Cleanup(func() {
		if _, stderr, err := s.kubectl("", "uncordon", node); err != nil {
			s.Errorf("uncordon %s: %v\n%s", node, err, stderr)
		}
	})
	s.Kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout", bound.String())
}

// KillNode ends a node as a power failure would, and starts it again when the scenario ends.
func (s *Scenario) KillNode(node string) {
	s.Helper()
	s.Cleanup(func() {
		if err := s.cluster.StartNode(node); err != nil {
			s.Error(err)
		}
		s.Wait("node "+node, func() string {
			n, err := s.Kube.CoreV1().Nodes().Get(context.Background(), node, meta.GetOptions{})
			if err != nil {
				return err.Error()
			}
			for _, c := range n.Status.Conditions {
				if c.Type == core.NodeReady && c.Status == core.ConditionTrue && len(n.Spec.Taints) == 0 {
					return ""
				}
			}
			return "it is not ready"
		})
	})
	if err := s.cluster.KillNode(node); err != nil {
		s.Fatal(err)
	}
}

// GiveUpNode says to the cluster that a node which was killed is really gone, until the scenario ends.
func (s *Scenario) GiveUpNode(node string) {
	s.Helper()
	const taint = "node.kubernetes.io/out-of-service"
	s.Cleanup(func() {
		if _, stderr, err := s.kubectl("", "taint", "node", node, taint+"-"); err != nil {
			s.Errorf("take the taint from %s: %v\n%s", node, err, stderr)
		}
	})
	s.Kubectl("taint", "node", node, taint+"=nodeshutdown:NoExecute")
}

// Observe looks again and again for as long as it is told to, and fails when wrong says something.
func (s *Scenario) Observe(duration time.Duration, wrong func() string) {
	s.Helper()
	for end := time.Now().Add(duration); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if w := wrong(); w != "" {
			s.Fatal(w)
		}
	}
}
