package scenario

import (
	"context"
	"syscall"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ProcessesToDisturb skips the scenario where it may not stop, kill or cut off single processes.
func (s *Scenario) ProcessesToDisturb() {
	s.Helper()
	if s.cluster.Signal == nil {
		s.Skip("this stops and kills single processes, which is only possible on a cluster of this machine")
	}
}

// Signal sends a signal to those processes of a pod that run these programs, such as /app: SIGKILL ends them as a
// failure would, SIGSTOP has them stand still until SIGCONT.
func (s *Scenario) Signal(pod core.Pod, signal syscall.Signal, programs ...string) {
	s.Helper()
	for _, program := range programs {
		if err := s.cluster.Signal(string(pod.UID), program, signal); err != nil {
			s.Fatal(err)
		}
	}
}

// CutOff takes the API server away from a pod until heal is called.
func (s *Scenario) CutOff(pod core.Pod) (heal func()) {
	s.Helper()
	server, err := s.Kube.CoreV1().Services("default").Get(s.Context(), "kubernetes", meta.GetOptions{})
	if err != nil {
		s.Fatal(err)
	}
	if err := s.cluster.CutOff(string(pod.UID), server.Spec.ClusterIP, true); err != nil {
		s.Fatal(err)
	}
	return func() {
		s.Helper()
		if err := s.cluster.CutOff(string(pod.UID), server.Spec.ClusterIP, false); err != nil {
			s.Fatal(err)
		}
	}
}

// StopAPIServer has the API server stand still, until the scenario ends or resume is called. Other scenarios must not run
// meanwhile.
func (s *Scenario) StopAPIServer() (resume func()) {
	s.Helper()
	resume = func() {
		s.Helper()
		if err := s.cluster.SignalAPIServer(syscall.SIGCONT); err != nil {
			s.Error(err)
			return
		}
		s.Wait("the API server", func() string {
			if _, err := s.Kube.CoreV1().Namespaces().List(context.Background(), meta.ListOptions{}); err != nil {
				return err.Error()
			}
			return ""
		})
	}
	s.Cleanup(resume)
	if err := s.cluster.SignalAPIServer(syscall.SIGSTOP); err != nil {
		s.Fatal(err)
	}
	return resume
}
