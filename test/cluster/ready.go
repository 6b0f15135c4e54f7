package cluster

import (
	"context"
	"fmt"
	"time"

	core "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// ready waits until the cluster can be used.
func (c *Cluster) ready(ctx context.Context, nodes int, progress func(line string)) error {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		what string
		done func() error
	}{
		{"the API server", func() error {
			_, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
			return err
		}},
		{"the controller manager", func() error {
			_, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", meta.GetOptions{})
			return err
		}},
		{"the storage class", func() error { return makeStorageClass(ctx, client) }},
		{"the nodes", func() error { return nodesReady(ctx, client, nodes) }},
	} {
		if err := c.wait(ctx, step.what, step.done, progress); err != nil {
			return err
		}
	}
	return nil
}

// wait calls done until it finds nothing wrong, a program of the cluster has ended, or the context is done.
func (c *Cluster) wait(ctx context.Context, what string, done func() error, progress func(line string)) error {
	say := time.NewTicker(10 * time.Second)
	defer say.Stop()
	for {
		err := done()
		if err == nil {
			return nil
		}
		select {
		case failed := <-c.group.Failure():
			return failed
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w; the last answer: %w", what, ctx.Err(), err)
		case <-say.C:
			progress(fmt.Sprintf("waiting for %s: %v", what, err))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func makeStorageClass(ctx context.Context, client kubernetes.Interface) error {
	_, err := client.StorageV1().StorageClasses().Create(ctx, &storage.StorageClass{
		ObjectMeta: meta.ObjectMeta{
			Name:        "folders",
			Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"},
		},
		Provisioner: "kubernetes.io/host-path",
	}, meta.CreateOptions{})
	if errors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func nodesReady(ctx context.Context, client kubernetes.Interface, want int) error {
	nodes, err := client.CoreV1().Nodes().List(ctx, meta.ListOptions{})
	if err != nil {
		return err
	}
	ready := 0
	for _, node := range nodes.Items {
		for _, condition := range node.Status.Conditions {
			// A node that has just become ready keeps its taint for a moment, and takes no pods.
			if condition.Type == core.NodeReady && condition.Status == core.ConditionTrue && len(node.Spec.Taints) == 0 {
				ready++
			}
		}
	}
	if ready < want {
		return fmt.Errorf("%d of %d are ready", ready, want)
	}
	return nil
}
