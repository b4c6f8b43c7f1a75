/** What the lab is, and what it does not pretend to be: for `lab list` and the banner of `lab up`. */
export const labLimits = [
  'The lab is a flight simulator: a cluster that exists in this process alone, with real TLS on loopback.',
  'Real are the Kubernetes API (kubectl works), the certificates, the handshakes, alerts and resets, and the HTTP answers.',
  'Played are istiod and Envoy (release 1.29): their rules, their log lines, the status that they write.',
  "Not there are a kubelet, containers (no exec), Envoy's admin pages, sidecars, the delays of real pushes and mounts,",
  'AUTO_PASSTHROUGH, gateways that istiod deploys by itself, EnvoyFilters, policies, and whatever else an object can say',
  'that does not concern TLS, routes and backends of an ingress gateway.',
] as const;
