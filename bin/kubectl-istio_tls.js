#!/usr/bin/env node
// The same program under the name by which kubectl finds it as the plugin `kubectl istio-tls`.
void import('./istls.js');
