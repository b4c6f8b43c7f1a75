declare const checked: unique symbol;

/** A path of Envoy's administration interface that istls may read. Only `envoyAdminPath` makes one. */
export type EnvoyAdminPath = string & { readonly [checked]: true };

/** Pages, with the parameters that are let through. All of them only read. */
const pages: Readonly<Record<string, readonly string[]>> = {
  '/certs': [],
  '/clusters': ['format', 'filter'],
  '/config_dump': ['resource', 'mask', 'name_regex', 'include_eds'],
  '/init_dump': ['mask'],
  '/listeners': ['format'],
  '/ready': [],
  '/server_info': [],
  '/stats': ['filter', 'format', 'usedonly', 'type'],
};

/**
 * Lets through the pages that istls reads and nothing else: many others change Envoy (`/quitquitquit`, `/logging`).
 * A config dump must be a slice (`resource=` or `mask=`): the whole of a large gateway is hundreds of megabytes.
 *
 * @throws TypeError for every other path; asking for one is a mistake in this program
 */
export function envoyAdminPath(text: string): EnvoyAdminPath {
  if (mayBeRead(text)) return text;
  throw new TypeError(`not a page of Envoy that istls reads: ${JSON.stringify(text)}`);
}

function mayBeRead(text: string): text is EnvoyAdminPath {
  const url = URL.parse(text, 'http://envoy');
  // What the parser had to change is not what Envoy would be asked for.
  if (!url || text !== `${url.pathname}${url.search}`) return false;
  const parameters = Object.hasOwn(pages, url.pathname) ? pages[url.pathname] : undefined;
  const given = [...url.searchParams.keys()];
  if (!parameters || !given.every((name) => parameters.includes(name))) return false;
  return url.pathname !== '/config_dump' || given.includes('resource') || given.includes('mask');
}
