package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"strings"
	"sync"
	"time"
)

// response is how one request ended. The program prints one in each line.
type response struct {
	// Key is that of the request, if requests have keys.
	Key string `json:",omitempty"`
	// Status is the HTTP status, 0 if there was no answer, and then Error says why.
	Status int
	Error  string `json:",omitempty"`
	answer
	// Certificate is the serial number of the one that the server showed, if it did.
	Certificate string `json:",omitempty"`
	// Gathered is what one root made of several servers' answers.
	Gathered json.RawMessage `json:",omitempty"`
	// At is when the request was sent, and Took how long the answer took.
	At   time.Time
	Took time.Duration
}

// request sends requests and prints how each ended.
func request(stop context.Context, args []string) error {
	flags := flag.NewFlagSet("request", flag.ExitOnError)
	method := flags.String("method", http.MethodGet, "the HTTP method")
	body := flags.String("body", "", "what is sent; {key} stands for the request's key")
	header := flags.String("header", "", "the name of a header that carries the key")
	trust := flags.String("trust", "", "the certificate (PEM) that servers are trusted by; default: what this machine trusts")
	cookies := flags.Bool("cookies", false, "whether each key is a client that keeps its cookies")
	keys := flags.Int("keys", 1, "how many keys there are; {key} in the URL stands for the request's key")
	rounds := flags.Int("rounds", 1, "how many requests are sent for each key; 0: until standard input ends")
	rate := flags.Int("rate", 200, "how many requests are begun in a second")
	timeout := flags.Duration("timeout", 5*time.Second, "how long an answer may take")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || *keys < 1 || *rate < 1 {
		return fmt.Errorf("request wants one URL, and at least one key and a rate of 1")
	}
	if *rounds == 0 {
		var cancel func()
		stop, cancel = context.WithCancel(stop)
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
	}
	transport := &http.Transport{DisableKeepAlives: true}
	if *trust != "" {
		transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM([]byte(*trust)) {
			return fmt.Errorf("-trust is no certificate")
		}
	}
	clients := map[string]*http.Client{}
	for n := range *keys {
		client := &http.Client{Timeout: *timeout, Transport: transport}
		if *cookies {
			// Without options it can't fail.
			client.Jar, _ = cookiejar.New(nil)
		}
		clients[keyOf(n)] = client
	}
	send := func(key string) response {
		r := response{Key: key, At: time.Now()}
		url := strings.ReplaceAll(flags.Arg(0), "{key}", key)
		req, err := http.NewRequest(*method, url, strings.NewReader(strings.ReplaceAll(*body, "{key}", key)))
		if err == nil {
			if *header != "" {
				req.Header.Set(*header, key)
			}
			err = r.do(clients[key], req)
		}
		if err != nil {
			r.Error = err.Error()
		}
		r.Took = time.Since(r.At)
		return r
	}
	var (
		out   sync.Mutex
		print = json.NewEncoder(os.Stdout)
		under sync.WaitGroup
		tick  = time.NewTicker(time.Second / time.Duration(*rate))
	)
	defer tick.Stop()
	defer under.Wait()
	for n := 0; *rounds == 0 || n < *rounds**keys; n++ {
		select {
		case <-stop.Done():
			return nil
		case <-tick.C:
		}
		under.Go(func() {
			r := send(keyOf(n % *keys))
			out.Lock()
			defer out.Unlock()
			_ = print.Encode(r)
		})
	}
	return nil
}

func keyOf(n int) string { return fmt.Sprintf("key-%d", n) }

func (r *response) do(client *http.Client, req *http.Request) error {
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	r.Status = resp.StatusCode
	if resp.TLS != nil {
		r.Certificate = resp.TLS.PeerCertificates[0].SerialNumber.String()
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	// Whatever stands between client and server answers in a language of its own.
	_ = json.Unmarshal(text, &r.answer)
	if r.Pod == "" && json.Valid(text) {
		r.Gathered = text
	}
	return nil
}
