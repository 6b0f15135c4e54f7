package generator_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// values makes what fits a field by more than its schema, by the end of the
// field's path.
var values = map[string]func(*randomizer) any{
	"labels":      func(r *randomizer) any { return object{"team": r.oneOf([]any{"a", "1.0"})} },
	"annotations": func(r *randomizer) any { return object{"example.org/note": r.oneOf([]any{"x", "true", "two\nlines"})} },
	"engines": func(r *randomizer) any {
		return object{
			"haproxy": object{"image": "mirror/haproxy:3.2", "user": 1000 + r.IntN(2)},
			"varnish": object{"image": "mirror/varnish:9.0", "user": 1000 + r.IntN(2)},
			"bento":   object{"image": "mirror/bento:1.20", "user": 1000 + r.IntN(2)},
			"elector": object{"image": "mirror/elector:1", "user": 1000 + r.IntN(2)},
		}
	},
	"patches": func(r *randomizer) any {
		return object{"note": object{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": object{"annotations": object{"note": r.oneOf([]any{"x", "y"})}}}}
	},
	"image": func(r *randomizer) any {
		return r.oneOf([]any{"example.org/app:1.0", "example.org/app:1.1", "app@sha256:" + strings.Repeat("0f", 32)})
	},
	"command": func(r *randomizer) any { return []any{"/app", r.oneOf([]any{"run", "--x=1", "no"})} },
	"env": func(r *randomizer) any {
		return object{"LEVEL": r.oneOf([]any{"info", "1", ""}), "HUB": reference("replicated.hub.endpoint.url")}
	},
	"secrets": func(r *randomizer) any {
		return object{"KEY": object{"name": "keys", "key": r.oneOf([]any{"api", "b"})}}
	},
	"files": func(r *randomizer) any {
		return object{"/etc/app/f": r.oneOf([]any{"a: 1\n", "\ttabs\n", "no end"}), "/etc/app/g": "x"}
	},
	"mounts": func(r *randomizer) any {
		return object{"/mnt/v": object{"volume": "v", "subPath": "part", "readOnly": r.IntN(2) == 0}}
	},
	"writable":                        func(r *randomizer) any { return []any{"/tmp", "/run/app"}[:1+r.IntN(2)] },
	"resources":                       resources,
	"port":                            func(r *randomizer) any { r.port++; return r.port },
	"ports":                           func(r *randomizer) any { r.port++; return object{fmt.Sprint("p-", r.port): r.port} },
	"hash":                            hash,
	"session":                         session,
	"rateLimit.key":                   rateKey,
	"shard":                           shard,
	"sticky":                          sticky,
	"tolerations.*":                   toleration,
	"nodeSelector":                    func(r *randomizer) any { return object{"disk": r.oneOf([]any{"ssd", "true"})} },
	"sharded.*.shards":                func(r *randomizer) any { return 2 + r.IntN(3) },
	"sharded.*.replicas":              func(r *randomizer) any { return 1 + r.IntN(3) },
	"dataset":                         func(r *randomizer) any { return r.oneOf([]any{"1Mi", "0.5M"}) },
	"items":                           items,
	"deadlineSeconds":                 func(r *randomizer) any { return 2_000_000_000 + r.IntN(2) },
	"permanentExitCodes":              func(r *randomizer) any { return []any{1 + r.IntN(9), 42} },
	"maxFailedItems":                  func(r *randomizer) any { return r.IntN(2) },
	"requiredItems":                   func(r *randomizer) any { return 1 },
	"leader":                          leader,
	"singleton.recoverySeconds":       func(r *randomizer) any { return 1_000_000 + r.IntN(2) },
	"leaves.shards":                   func(r *randomizer) any { return 2 + r.IntN(3) },
	"leaves.replicas":                 func(r *randomizer) any { return 1 + r.IntN(3) },
	"root.port":                       func(r *randomizer) any { return 8080 + r.IntN(2) },
	"parameters":                      func(r *randomizer) any { return []any{"q", "limit"}[:1+r.IntN(2)] },
	"method":                          func(r *randomizer) any { return r.oneOf([]any{"GET", "POST"}) },
	"leafTimeoutMilliseconds":         func(r *randomizer) any { return 100 + r.IntN(2) },
	"scatterGather.*.deadlineSeconds": func(r *randomizer) any { return 5 + r.IntN(2) },
	"onPartial":                       func(r *randomizer) any { return r.oneOf([]any{"partial", "fail"}) },
	"distribute.target":               func(r *randomizer) any { return reference("replicated.hub.endpoint.url") },
	"merge":                           merge,
	"load": func(r *randomizer) any {
		return object{"requestsPerSecond": 1 + r.IntN(3), "leafRequestsPerSecond": 3.5}
	},
	"slo":                  func(r *randomizer) any { return object{"leafPercent": 99.99, "completePercent": 50 + r.IntN(2)} },
	"failMode":             func(r *randomizer) any { return r.oneOf([]any{"open", "closed"}) },
	"mapping":              func(r *randomizer) any { return r.oneOf([]any{"root.a = 1", "root.a = this.a.or(2)\n"}) },
	"maxBody":              func(r *randomizer) any { return r.oneOf([]any{"64Ki", "8Mi"}) },
	"fallback.body":        func(r *randomizer) any { return r.oneOf([]any{"", "{}", "two\nlines"}) },
	"fallback.contentType": func(r *randomizer) any { return r.oneOf([]any{"text/plain", "text/html; charset=utf-8"}) },
	"target": func(r *randomizer) any {
		return r.oneOf([]any{reference("replicated.hub.endpoint.url"), "https://api.example.org", "http://192.0.2.1:8000"})
	},
}

func resources(r *randomizer) any {
	return object{
		"cpu": r.oneOf([]any{"50m", "1"}), "memory": r.oneOf([]any{"64Mi", "1Gi"}),
		"limits": object{"cpu": r.oneOf([]any{"2", "3000m"}), "memory": r.oneOf([]any{"1Gi", "2Gi"})},
	}
}

func toleration(r *randomizer) any {
	return []any{
		object{"key": "a", "operator": "Equal", "value": "true", "effect": "NoSchedule"},
		object{"key": "b", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60},
	}[r.IntN(2)]
}

func hash(r *randomizer) any {
	places := []object{{"header": "X-User"}, {"query": "user"}, {"cookie": "session"}, {"path": object{"segment": 1 + r.IntN(3)}}, {"path": object{}}}
	h := maps.Clone(places[r.IntN(len(places))])
	h["onMissing"] = r.oneOf([]any{"reject", "spread"})
	if r.IntN(2) == 0 {
		h["pattern"] = "^(?:a|b)([0-9]+)"
	}
	return h
}

func session(r *randomizer) any {
	return []any{
		object{"header": r.oneOf([]any{"X-User", "X-Cart"})},
		object{"cookie": object{"name": r.oneOf([]any{"copy", "cart"}), "secure": r.IntN(2) == 0}},
		object{"clientIP": object{"proxies": []any{"10.1.0.0/16"}}},
	}[r.IntN(3)]
}

func rateKey(r *randomizer) any {
	return []any{
		object{"header": r.oneOf([]any{"X-User", "X-Cart"})},
		object{"cookie": r.oneOf([]any{"session", "user"})},
		object{"clientIP": object{"proxies": []any{"10.1.0.0/16"}}},
	}[r.IntN(3)]
}

func sticky(r *randomizer) any {
	return []any{object{"header": "X-User"}, object{"cookie": "user"}, object{"query": "user"}}[r.IntN(3)]
}

func shard(r *randomizer) any {
	shards := object{}
	for i := range 1 + r.IntN(3) {
		shards[fmt.Sprint(7+i)] = r.oneOf([]any{"192.0.2.1:8000", "s.example.org:443"})
	}
	return []any{
		reference("sharded.ring.ring"),
		object{"name": "mine", "role": "store", "hash": hash(r), "shards": shards},
		object{"name": "cached", "role": "cache", "hash": hash(r), "shards": shards, "balanceFactor": 125 + r.IntN(2), "readyPath": "/ready", "cidrs": []any{"192.0.2.0/24"}},
	}[r.IntN(3)]
}

func leader(r *randomizer) any {
	retry := 1 + r.IntN(5)
	return object{
		"replicas": 2 + r.IntN(3), "port": 20_000 + r.IntN(2), "resources": resources(r), "onLost": "exit",
		"retryPeriodSeconds": retry, "renewDeadlineSeconds": 3 * retry, "leaseDurationSeconds": 4 * retry,
		"recoverySeconds": 1_000_000, "apiServers": []any{r.oneOf([]any{"10.1.0.1/32", "192.0.2.0/24"})},
	}
}

func merge(r *randomizer) any {
	ways := []object{
		{"concat": object{}}, {"sum": object{}}, {"topK": object{"k": 1 + r.IntN(9), "by": "score"}},
		{"union": object{"by": "id"}}, {"intersect": object{"by": "meta.id"}}, {"mapping": "root = this\n"},
	}
	m := maps.Clone(ways[r.IntN(len(ways))])
	if r.IntN(2) == 0 {
		m["items"] = r.oneOf([]any{"hits", "hits.documents"})
	}
	return m
}

func items(r *randomizer) any {
	var list []any
	for i := range 1 + r.IntN(5) {
		list = append(list, fmt.Sprintf("item %d: %s", i, r.oneOf([]any{"x", "#y", "z\n"})))
	}
	return list
}

// mends make the fields of a struct agree with each other, by the end of the
// struct's path.
var mends = map[string]func(*randomizer, object){
	"replicated.*":    mendReplicated,
	"sharded.*":       mendPod,
	"scatterGather.*": mendScatterGather,
	"workQueue.*":     mendPod,
	"election.*":      mendElection,
	"function.*":      mendFunction,
	"volumes.*":       func(r *randomizer, o object) { keepOne(r, o, "configMap", "secret", "claim", "size") },
	"arms":            mendArms,
	"autoscale":       func(r *randomizer, o object) { o["min"], o["max"] = 2, 3+r.IntN(5) },
	"startup":         mendProbe,
	"readiness":       mendReadiness,
	"liveness":        mendLiveness,
}

func (r *randomizer) mend(path string, o object) {
	if mend := bySuffix(mends, path); mend != nil {
		mend(r, o)
	}
}

// mendArms lets weights sum to 100.
func mendArms(r *randomizer, arms object) {
	rest := 100
	for i, name := range slices.Sorted(maps.Keys(arms)) {
		weight := rest
		if i < len(arms)-1 {
			weight = r.IntN(rest + 1)
		}
		arms[name].(object)["weight"] = weight
		rest -= weight
	}
}

// keepOne leaves one of some fields that o has, and with it what o has besides.
func keepOne(r *randomizer, o object, names ...string) {
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return o[name] == nil })
	if len(names) == 0 {
		return
	}
	kept := r.IntN(len(names))
	for i, name := range names {
		if i != kept {
			delete(o, name)
		}
	}
	if names[kept] != "size" {
		delete(o, "memory")
	}
}

func mendElection(r *randomizer, o object) {
	mendPod(r, o)
	keepOne(r, o, "singleton", "leader")
	if o["leader"] == nil && o["singleton"] == nil {
		o["singleton"] = object{}
	}
}

func mendProbe(r *randomizer, o object) { keepOne(r, o, "path", "command", "grpc") }

// mendReplicated lets either the user or the load say how many copies run, keeps
// answers only where users are all alike, and has a Gateway speak plain HTTP with
// it.
func mendReplicated(r *randomizer, instance object) {
	if instance["tls"] != nil {
		delete(instance, "expose")
	}
	mendPod(r, instance)
	if instance["autoscale"] != nil {
		delete(instance, "replicas")
	}
	if instance["session"] != nil {
		delete(instance, "cache")
	}
}

// mendScatterGather lets either its own leaves or others do the work, and merges
// in a way that suits.
func mendScatterGather(r *randomizer, instance object) {
	leaves, parted := instance["leaves"].(object)
	if parted {
		mendPod(r, leaves)
		delete(instance, "distribute")
	} else if instance["distribute"] == nil {
		instance["distribute"] = object{"target": reference("replicated.hub.endpoint.url"), "parameter": "q"}
	}
	root, has := instance["root"].(object)
	if has {
		mendPod(r, root)
	}
	if root["container"] == nil {
		delete(leaves, "tlsProxy") // which the root would get past
	}
	if root["serviceAccount"] != nil && (!parted || leaves["serviceAccount"] != nil) {
		delete(instance, "patches") // of an account that the instance doesn't have then
	}
	// Four tries of a second each are more than the deadline is by itself.
	instance["leafTimeoutMilliseconds"] = 100 + r.IntN(2)
	way, merged := instance["merge"].(object)
	if !merged {
		way = object{"concat": object{}}
		instance["merge"] = way
	}
	if way["intersect"] != nil && parted {
		delete(way, "intersect")
		way["union"] = object{"by": "id"}
	}
	if way["intersect"] != nil {
		instance["onPartial"] = "fail"
	}
}

// mendFunction lets either a mapping or a container be the function.
func mendFunction(r *randomizer, instance object) {
	if r.IntN(2) == 0 {
		delete(instance, "container")
		instance["mapping"] = "root.a = 1"
	} else {
		delete(instance, "mapping")
		in(instance, "container")["image"] = "handler:1"
		instance["container"].(object)["port"] = 1024
	}
	delete(instance, "tlsProxy")
	mendPod(r, instance)
	if instance["port"] != nil {
		instance["port"] = 8000
	}
}

// mendReadiness does not give up later than liveness where both ask the same.
func mendReadiness(r *randomizer, o object) {
	mendProbe(r, o)
	if o["path"] == nil && o["command"] == nil && o["grpc"] == nil {
		delete(o, "timeoutSeconds")
	}
}

// mendLiveness asks something that readiness does not.
func mendLiveness(r *randomizer, o object) {
	mendProbe(r, o)
	for way, question := range map[string]any{"path": "/alive", "command": []any{"/app", "alive"}, "grpc": "alive"} {
		if o[way] != nil {
			o[way] = question
		}
	}
}

// mendPod makes containers mount volumes that their pod has, and no two have the
// same name or take the same port.
func mendPod(r *randomizer, pod object) {
	if volumes, has := pod["volumes"].(object); has {
		for _, name := range slices.Sorted(maps.Keys(volumes)) {
			pod["volumes"] = object{"v": volumes[name]}
		}
	}
	if pod["serviceAccount"] != nil {
		delete(pod, "patches") // of an account that the instance doesn't have then
	}
	sidecars, _ := pod["sidecars"].(object)
	before, _ := pod["init"].(object)
	maps.DeleteFunc(before, func(name string, _ any) bool { return sidecars[name] != nil })
	port := 1023
	for _, container := range containers(pod) {
		if pod["volumes"] == nil {
			delete(container, "mounts")
		}
		if container["port"] != nil {
			port++
			container["port"] = port
		}
		if container["ports"] != nil {
			port++
			container["ports"] = object{fmt.Sprint("p-", port): port}
		}
		probes, _ := container["probes"].(object)
		for _, question := range []string{"startup", "readiness", "liveness"} {
			probe, asked := probes[question].(object)
			switch {
			case asked && container["port"] != nil:
				if probe["port"] != nil {
					probe["port"] = container["port"]
				}
				if question == "readiness" && probe["path"] == nil && probe["command"] == nil && probe["grpc"] == nil {
					probe["path"] = "/ready" // what liveness asks by itself may not be asked less often
				}
			case asked && probe["command"] == nil:
				delete(probes, question)
			case asked:
				delete(probe, "port")
			}
		}
	}
	ambassadors, _ := pod["ambassadors"].(object)
	maps.DeleteFunc(ambassadors, func(name string, _ any) bool { return sidecars[name] != nil || before[name] != nil })
	for _, name := range slices.Sorted(maps.Keys(ambassadors)) {
		port++
		ambassador := ambassadors[name].(object)
		ambassador["port"] = port
		if keepOne(r, ambassador, "broker", "shard", "split"); ambassador["broker"] == nil && ambassador["split"] == nil {
			ambassador["shard"] = shard(r)
		}
	}
	mendTLSProxy(pod, port+1)
	if shutdown, has := pod["shutdown"].(object); has && (len(ambassadors) > 0 || pod["tlsProxy"] != nil) {
		shutdown["drainSeconds"] = 20 // they stop after the container
	}
	if hot, has := pod["hot"].(object); has && pod["role"] != "cache" {
		delete(hot, "balanceFactor")
	}
}

// mendTLSProxy leaves a pod's TLS proxy where there is something behind it and
// nothing gets past it, and gives it the port.
func mendTLSProxy(pod object, port int) {
	proxy, has := pod["tlsProxy"].(object)
	main, _ := pod["container"].(object)
	if !has {
		return
	}
	if main["port"] == nil || pod["session"] != nil || pod["rateLimit"] != nil || pod["tls"] != nil || pod["cache"] != nil || pod["expose"] != nil || pod["hash"] != nil {
		delete(pod, "tlsProxy")
		return
	}
	proxy["port"] = port
	probes, _ := main["probes"].(object)
	maps.DeleteFunc(probes, func(_ string, probe any) bool {
		o, is := probe.(object)
		return is && o["grpc"] != nil
	})
}

// containers returns a pod's containers, the main one first.
func containers(pod object) []object {
	var all []object
	if main, has := pod["container"].(object); has {
		all = append(all, main)
	}
	for _, field := range []string{"sidecars", "init"} {
		named, _ := pod[field].(object)
		for _, name := range slices.Sorted(maps.Keys(named)) {
			all = append(all, named[name].(object))
		}
	}
	return all
}
