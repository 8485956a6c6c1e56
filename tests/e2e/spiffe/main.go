// A SPIFFE client that knows nothing of allod: go-spiffe, told where the Workload API is by
// SPIFFE_ENDPOINT_SOCKET alone. Prints one JSON object; what failed stands in "error".
//
//	spiffe fetch [AUDIENCE]     every call of the Workload API once
//	spiffe user                 the user id that it runs as
//	spiffe watch COUNT SECONDS  the serial numbers of COUNT X.509-SVIDs as they are streamed
package main

import (
	"context"
	"encoding/json"
	"os"
	"strconv"
	"time"

	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

type report map[string]any

func (r report) end(err error) {
	if err != nil {
		r["error"] = err.Error()
	}
	_ = json.NewEncoder(os.Stdout).Encode(r)
	if err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

func fetch(ctx context.Context, client *workloadapi.Client, audience string, told report) error {
	svid, err := client.FetchX509SVID(ctx)
	if err != nil {
		return err
	}
	told["id"] = svid.ID.String()
	told["chain"] = len(svid.Certificates)
	told["end"] = svid.Certificates[0].NotAfter.Format(time.RFC3339)
	bundles, err := client.FetchX509Bundles(ctx)
	if err != nil {
		return err
	}
	bundle, err := bundles.GetX509BundleForTrustDomain(svid.ID.TrustDomain())
	if err != nil {
		return err
	}
	told["roots"] = len(bundle.X509Authorities())
	token, err := client.FetchJWTSVID(ctx, jwtsvid.Params{Audience: audience})
	if err != nil {
		return err
	}
	told["jwt"] = token.ID.String()
	keys, err := client.FetchJWTBundles(ctx)
	if err != nil {
		return err
	}
	if _, err := jwtsvid.ParseAndValidate(token.Marshal(), keys, []string{audience}); err != nil {
		return err
	}
	checked, err := client.ValidateJWTSVID(ctx, token.Marshal(), audience)
	if err != nil {
		return err
	}
	told["validated"] = checked.ID.String()
	_, err = client.ValidateJWTSVID(ctx, token.Marshal(), "another")
	told["otherAudienceRefused"] = err != nil
	return nil
}

type watcher struct {
	serials chan string
	failed  chan error
}

func (w watcher) OnX509ContextUpdate(c *workloadapi.X509Context) {
	w.serials <- c.DefaultSVID().Certificates[0].SerialNumber.Text(16)
}

func (w watcher) OnX509ContextWatchError(err error) { w.failed <- err }

func watch(ctx context.Context, client *workloadapi.Client, count int, told report) error {
	seen := watcher{make(chan string), make(chan error)}
	go func() { _ = client.WatchX509Context(ctx, seen) }()
	serials := []string{}
	for len(serials) < count {
		select {
		case serial := <-seen.serials:
			serials = append(serials, serial)
		case err := <-seen.failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
		told["serials"] = serials
	}
	return nil
}

func main() {
	told := report{}
	if len(os.Args) > 1 && os.Args[1] == "user" {
		told["user"] = os.Getuid()
		told.end(nil)
	}
	seconds := 20
	if len(os.Args) > 3 {
		seconds, _ = strconv.Atoi(os.Args[3])
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(seconds)*time.Second)
	defer cancel()
	client, err := workloadapi.New(ctx)
	if err != nil {
		told.end(err)
	}
	if len(os.Args) > 2 && os.Args[1] == "watch" {
		count, _ := strconv.Atoi(os.Args[2])
		told.end(watch(ctx, client, count, told))
	}
	audience := "orders"
	if len(os.Args) > 2 {
		audience = os.Args[2]
	}
	told.end(fetch(ctx, client, audience, told))
}
