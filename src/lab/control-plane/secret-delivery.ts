import type { Gateway } from '../gateway/gateway.ts';
import { secretNames } from '../gateway/gateway.ts';
import type { GatewayPlan } from '../gateway/plan.ts';
import type { SecretText } from '../gateway/credential.ts';
import type { Notice, Proxy } from './config.ts';
import { readMountedFiles } from './file-mounts.ts';
import type { IstioLogs } from './istiod-log.ts';
import { typeUrls } from './istiod-log.ts';
import { findSecret } from './secrets.ts';
import type { SecretAnswer, SecretSource } from './secrets.ts';

/** The workload certificate of a gateway and the mesh's root, which its agent gives under `default` and `ROOTCA`. */
export interface MeshIdentity {
  readonly keyPair: SecretText;
  readonly root: SecretText;
}

/** Brings a gateway the secrets that its listeners name, and writes what istiod and Envoy say about it. */
export class SecretDelivery {
  readonly #proxy: Proxy;
  readonly #gateway: Gateway;
  readonly #logs: IstioLogs;
  readonly #identity: MeshIdentity;
  /** The last answer for each name, so that only news is delivered and logged. */
  readonly #answers = new Map<string, string>();

  constructor(proxy: Proxy, gateway: Gateway, logs: IstioLogs, identity: MeshIdentity) {
    this.#proxy = proxy;
    this.#gateway = gateway;
    this.#logs = logs;
    this.#identity = identity;
  }

  /** Delivers whatever is new since the last time. */
  deliver(plan: GatewayPlan, source: SecretSource): void {
    const names = [...new Set(plan.listeners.flatMap(({ chains }) => chains.flatMap(secretNames)))];
    for (const name of this.#answers.keys()) if (!names.includes(name)) this.#answers.delete(name);
    const fromIstiod = names.filter((name) => name.includes('://'));
    for (const name of names) if (!name.includes('://')) this.#deliverLocal(name, source);
    const news = fromIstiod.flatMap((name) => {
      const answer = findSecret(name, this.#proxy, source);
      return this.#isNew(name, answer) ? [{ name, answer }] : [];
    });
    this.#logAnswers(
      news.map(({ answer }) => answer),
      fromIstiod.length,
    );
    for (const { name, answer } of news) if (answer.state === 'found') this.#send(name, answer.text, fromIstiod.length);
  }

  #deliverLocal(name: string, { view }: SecretSource): void {
    if (name === 'default') this.#gateway.deliver(name, this.#identity.keyPair);
    if (name === 'ROOTCA') this.#gateway.deliver(name, this.#identity.root);
    if (!name.startsWith('file-')) return;
    const files = readMountedFiles(name, this.#proxy, view);
    if (!this.#isNew(name, files)) return;
    if ('missing' in files) this.#logs.fileMissing(this.#proxy, name, files.missing);
    else this.#send(name, files, 1);
  }

  #isNew(name: string, answer: SecretAnswer | ReturnType<typeof readMountedFiles>): boolean {
    const text = JSON.stringify(answer);
    const isNew = this.#answers.get(name) !== text;
    this.#answers.set(name, text);
    return isNew;
  }

  #logAnswers(answers: readonly SecretAnswer[], subscribed: number): void {
    const found = answers.filter((answer) => answer.state === 'found');
    const denied = answers.filter((answer) => answer.state === 'denied');
    for (const answer of answers) {
      if (answer.state === 'missing') this.#logs.istiod(answer.notice);
      if (answer.state === 'found') for (const notice of answer.notices) this.#logs.istiod(notice);
    }
    const id = `${this.#proxy.pod}.${this.#proxy.namespace}`;
    const [first] = denied;
    if (first) {
      const names = denied.map(({ name }) => name);
      const shown =
        names.length > 3 ? `${names.slice(0, 2).join(', ')}, and ${names.length - 2} others` : names.join(', ');
      this.#logs.istiod(
        adsWarning(`proxy ${id} attempted to access unauthorized certificates ${shown}: ${first.reason}`),
      );
    }
    if (found.length === 0) return;
    const bytes = found.reduce((sum, { text }) => sum + JSON.stringify(text).length, 0);
    const counts = `resources:${found.length} removed:${answers.length - found.length} size:${sizeText(bytes)}`;
    const text = `SDS: PUSH request for node:${id} ${counts} cached:0/${answers.length} filtered:${subscribed - answers.length}`;
    this.#logs.istiod({ level: 'info', scope: 'delta', text });
  }

  #send(name: string, text: SecretText, subscribed: number): void {
    const refusal = this.#gateway.deliver(name, text);
    if (refusal === undefined) return;
    const id = `${this.#proxy.pod}.${this.#proxy.namespace}-1`;
    this.#logs.refused(this.#proxy, typeUrls.secret, refusal, subscribed);
    // Mounted files come from the agent inside the pod: istiod hears nothing of them.
    if (name.startsWith('file-')) return;
    this.#logs.istiod({ level: 'warn', scope: 'delta', text: `ADS:SDS: ACK ERROR ${id} Internal:${refusal}` });
  }
}

function adsWarning(text: string): Notice {
  return { level: 'warn', scope: 'ads', text };
}

function sizeText(bytes: number): string {
  return bytes < 1000 ? `${bytes}B` : `${(bytes / 1000).toFixed(1)}kB`;
}
