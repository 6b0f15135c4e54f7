package engine

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// parallel is how many requests are made at a time: a router tries a shard
// that is down for some seconds.
const parallel = 700

// A placement is what was answered, by key.
type placement map[string]answer

// An answer comes from a shard, or has an error status. The status is 0 where
// the connection broke, as one does on which a shard that dies was asked.
type answer struct {
	shard  string
	status int
	body   string
}

// keysOf makes n keys.
func keysOf(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("user-%d", i)
	}
	return keys
}

// do asks for every key with a request of its own.
func (p *proxy) do(keys []string, request func(key string) *http.Request) placement {
	var wait sync.WaitGroup
	var mu sync.Mutex
	answers := placement{}
	slots := make(chan struct{}, parallel)
	for _, key := range keys {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			answer := ask(p.client, request(key))
			mu.Lock()
			defer mu.Unlock()
			answers[key] = answer
		})
	}
	wait.Wait()
	return answers
}

func ask(client *http.Client, request *http.Request) answer {
	response, err := client.Do(request)
	if err != nil {
		return answer{body: err.Error()}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{body: err.Error()}
	}
	return answer{response.Header.Get("Shard"), response.StatusCode, string(body)}
}

// place finds out where keys are, by the second segment of the path.
func (p *proxy) place(keys []string) placement {
	return p.do(keys, func(key string) *http.Request { return get(p.url + "/users/" + key) })
}

// put writes a value for every key.
func (p *proxy) put(keys []string, value string) placement {
	return p.do(keys, func(key string) *http.Request {
		request := get(p.url + "/users/" + key)
		request.Method = http.MethodPut
		request.Body = io.NopCloser(strings.NewReader(value))
		request.ContentLength = int64(len(value))
		return request
	})
}

// get is a request for an address, which is right because it is ours.
func get(address string) *http.Request {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{}}
}

// moved are the keys that are not on the same shard in both.
func moved(before, after placement) []string {
	var keys []string
	for key, answer := range before {
		if after[key].shard != answer.shard {
			keys = append(keys, key)
		}
	}
	return keys
}

// on are the keys that a shard answered for.
func (p placement) on(shard string) []string {
	var keys []string
	for key, answer := range p {
		if answer.shard == shard {
			keys = append(keys, key)
		}
	}
	return keys
}
