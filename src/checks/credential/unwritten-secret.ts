import { credentialTrail } from '../../facts/credential-trail.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { isStillServed, type NeededSecret, type SecretContent } from '../../facts/needed-secrets.ts';
import type { Observation } from '../../model/finding.ts';
import type { Fault } from '../check.ts';
import { reachOf } from './consequences.ts';

/** What the Secret came to that a controller should have written, as the end of "Secret X …". */
export function contentText(content: SecretContent): string {
  switch (content.state) {
    case 'absent':
      return 'does not exist';
    case 'unusable':
      return `is of no use: ${content.why}`;
    case 'temporary':
      return 'holds the temporary certificate of cert-manager, which no client trusts';
    case 'expired':
      return `holds a certificate that ended at ${content.leaf.notAfter}`;
    case 'good':
      return content.leaf ? `holds one that is good until ${content.leaf.notAfter}` : 'holds one still';
    default:
      return 'could not be read';
  }
}

/** The Secret itself, and what Envoys and logs tell of its way. */
export function observedContent(
  evidence: Evidence,
  { namespace, name, content, uses }: NeededSecret,
): readonly Observation[] {
  const [use] = uses;
  const own: readonly Observation[] =
    content.state === 'unknown'
      ? []
      : [{ source: 'secret', ref: `${namespace}/${name}`, detail: contentText(content) }];
  return [...own, ...(use ? credentialTrail(evidence, use) : [])];
}

/** An error where clients are without a good certificate by now; a warning while the old one lasts. */
export function unwrittenReach(evidence: Evidence, needed: NeededSecret): Pick<Fault, 'severity' | 'pods'> {
  const { content, uses } = needed;
  if (content.state === 'good') return { severity: 'warning' };
  if (content.state === 'expired' || content.state === 'temporary') return { severity: 'error' };
  if (content.state === 'unknown') return { severity: isStillServed(evidence, needed) ? 'warning' : 'error' };
  return uses.length > 0 ? reachOf(evidence, uses) : { severity: 'error' };
}
