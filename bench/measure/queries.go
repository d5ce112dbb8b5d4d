package main

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"openioc.org/ioc/test/harness"
)

// queries measures the reads of the interface on 175 stations with 30 days of data: at
// one a minute for ten of them, hourly for the rest, and the newest value of every Datastream.
func queries(ctx context.Context, bin string) error {
	c, token, end, err := city(ctx, bin, 175)
	if err != nil {
		return err
	}
	defer end()
	from := time.Now().Add(-30 * 24 * time.Hour).Truncate(time.Minute)
	for i := range 175 {
		step := time.Hour
		if i < 10 {
			step = time.Minute
		}
		var batch []harness.Observation
		name := "bench-" + strconv.Itoa(i)
		for at := from; at.Before(time.Now()); at = at.Add(step) {
			batch = append(batch, harness.Observation{Datastream: name, Time: at, Value: float64(at.Unix()/60%300) / 100})
		}
		for part := range slices.Chunk(batch, 8000) {
			if err := c.DoAs(token, "POST", "/api/v1/ingest/bench", part, nil); err != nil {
				return err
			}
		}
	}
	if err := c.Settle(ctx); err != nil {
		return err
	}
	at := func(t time.Time) string { return url.QueryEscape(t.UTC().Format(time.RFC3339)) }
	now := time.Now()
	for _, q := range []struct{ name, path, target string }{
		{"sta_newest_of_every_datastream", "/sta/v1.1/Datastreams?$top=200&$expand=" + url.QueryEscape("Observations($orderby=phenomenonTime desc;$top=1)"), "≤ 50"},
		{"station_one_day", "/api/v1/datastreams/bench-0/series?agg=raw&from=" + at(now.Add(-24*time.Hour)) + "&to=" + at(now), "≤ 5"},
		{"hourly_mean_30_days", "/api/v1/datastreams/bench-1/series?agg=mean&points=720&from=" + at(now.Add(-30*24*time.Hour)) + "&to=" + at(now), "≤ 10"},
		{"promql_hourly_mean_30_days", "/prometheus/api/v1/query_range?step=3600&query=" + url.QueryEscape(`avg_over_time(water_level{datastream="bench-2"}[1h])`) + "&start=" + at(now.Add(-30*24*time.Hour)) + "&end=" + at(now), ""},
		{"flood_summary", "/api/v1/flood/summary", "≤ 20"},
		{"sources_page", "/api/v1/sources", "≤ 50"},
	} {
		var took []time.Duration
		var size int
		for range 31 {
			begin := time.Now()
			var text string
			if err := c.Do("GET", q.path, nil, &text); err != nil {
				return err
			}
			took = append(took, time.Since(begin))
			size = len(text)
		}
		slices.Sort(took)
		report(figure{q.name, percentile(took, 0.5), "ms", q.target, "median of 31 over HTTP; answer " + strconv.Itoa(size/1000) + " kB; slowest " + took[len(took)-1].Round(100*time.Microsecond).String()})
	}
	return nil
}
