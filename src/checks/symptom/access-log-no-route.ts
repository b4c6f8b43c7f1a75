import { accessLogSymptom } from './access-log-symptom.ts';

/** `404 NR route_not_found`: the handshake was well, and the gateway has no route for what was asked. */
export const accessLogNoRoute = accessLogSymptom({
  name: 'access-log-no-route',
  title: 'The gateway has a route for every request',
  step: 'route',
  says: (host) => `Requests for ${host} find no route`,
  takes: ({ flags, status, sni }) => flags.includes('NR') && status === 404 && sni !== null,
});
