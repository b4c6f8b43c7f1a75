import { accessLogSymptom } from './access-log-symptom.ts';

/** `NR filter_chain_not_found` with a name: a client asked for a host that no chain of the listener takes. */
export const accessLogNoFilterChain = accessLogSymptom({
  name: 'access-log-no-filter-chain',
  title: 'The gateway has a filter chain for every name that clients ask for',
  step: 'listener',
  says: (host) => `Clients ask for ${host}, and no filter chain takes that name`,
  takes: ({ flags, details, terminationDetails, sni }) =>
    flags.includes('NR') && typeof sni === 'string' && [details, terminationDetails].includes('filter_chain_not_found'),
});
