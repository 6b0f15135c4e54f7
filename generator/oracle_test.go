package generator_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	serializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/patternctl/patternctl/generator/manifest"
	"github.com/patternctl/patternctl/generator/tree"
)

// kubernetes knows the kinds of Kubernetes' own that manifests may hold.
var kubernetes = func() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, autoscalingv2.AddToScheme, batchv1.AddToScheme, corev1.AddToScheme,
		networkingv1.AddToScheme, policyv1.AddToScheme, rbacv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	return scheme
}()

// decodeStrictly fails for objects that Kubernetes' own types don't take, down
// to the last field. Kinds of groups that are not Kubernetes' own are left to
// their CustomResourceDefinitions.
func decodeStrictly(t *testing.T, objects []manifest.Map) {
	t.Helper()
	decoder := serializer.NewSerializerWithOptions(serializer.DefaultMetaFactory, kubernetes, kubernetes, serializer.SerializerOptions{Strict: true})
	for _, object := range objects {
		id := manifest.IDOf(object)
		if group := id.Group(); group == "gateway.networking.k8s.io" || strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io") {
			continue
		}
		if _, _, err := decoder.Decode(manifest.AppendJSON(nil, object, ""), nil, nil); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// kustomize builds a folder of files with the whole of kustomize.
func kustomize(t *testing.T, files tree.Tree, folder string) []manifest.Map {
	t.Helper()
	disk := filesys.MakeFsInMemory()
	for name, content := range files {
		if err := disk.WriteFile("/deploy/"+name, tree.Sign(content)); err != nil {
			t.Fatal(err)
		}
	}
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, "/deploy/"+folder)
	if err != nil {
		t.Fatalf("kustomize build %s: %v", folder, err)
	}
	var objects []manifest.Map
	for _, resource := range resources.Resources() {
		data, err := resource.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		object, err := manifest.ParseJSON(data)
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object.(manifest.Map))
	}
	return objects
}

// sameObjects compares two sets of objects, whatever their order, and returns
// how they differ.
func sameObjects(want, got []manifest.Map) string {
	return cmp.Diff(byIdentity(want), byIdentity(got))
}

func byIdentity(objects []manifest.Map) map[string]any {
	all := map[string]any{}
	for _, object := range objects {
		id := manifest.IDOf(object)
		key := strings.Join([]string{id.APIVersion, id.Kind, id.Namespace, id.Name}, " ")
		for slices.Contains(keys(all), key) {
			key += " (again)"
		}
		var plain any
		if err := json.Unmarshal(manifest.AppendJSON(nil, object, ""), &plain); err != nil {
			plain = fmt.Sprint(err)
		}
		all[key] = plain
	}
	return all
}

func keys(m map[string]any) []string {
	var all []string
	for key := range m {
		all = append(all, key)
	}
	return all
}
