package accept

import (
	"context"

	core "k8s.io/api/core/v1"
	scheduling "k8s.io/api/scheduling/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// provide makes what a spec says is there already: service accounts, priority classes, storage classes.
func (s *server) provide(ctx context.Context, objects []*unstructured.Unstructured) error {
	rendered := map[string]bool{}
	for _, object := range objects {
		if object.GetKind() == "ServiceAccount" {
			rendered[object.GetName()] = true
		}
	}
	for _, object := range objects {
		for field, name := range names(object.Object) {
			var err error
			switch field {
			case "serviceAccountName":
				if rendered[name] {
					continue
				}
				account := &core.ServiceAccount{ObjectMeta: meta.ObjectMeta{Name: name}}
				_, err = s.kube.CoreV1().ServiceAccounts(object.GetNamespace()).Create(ctx, account, meta.CreateOptions{})
			case "priorityClassName":
				class := &scheduling.PriorityClass{ObjectMeta: meta.ObjectMeta{Name: name}, Value: 1}
				_, err = s.kube.SchedulingV1().PriorityClasses().Create(ctx, class, meta.CreateOptions{})
			case "storageClassName":
				class := &storage.StorageClass{ObjectMeta: meta.ObjectMeta{Name: name}, Provisioner: "kubernetes.io/host-path"}
				_, err = s.kube.StorageV1().StorageClasses().Create(ctx, class, meta.CreateOptions{})
			}
			if err != nil && !errors.IsAlreadyExists(err) {
				return err
			}
		}
	}
	return nil
}

// names gives the texts of all fields below a value that name another object.
func names(value any) map[string]string {
	found := map[string]string{}
	var walk func(value any)
	walk = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			for field, below := range value {
				if name, ok := below.(string); ok && (field == "serviceAccountName" || field == "priorityClassName" || field == "storageClassName") {
					found[field] = name
				}
				walk(below)
			}
		case []any:
			for _, item := range value {
				walk(item)
			}
		}
	}
	walk(value)
	return found
}
