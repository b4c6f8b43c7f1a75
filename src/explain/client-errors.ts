import type { Alert } from '../tls/alerts.ts';
import { alertByName, alertByNumber, alertInText, alerts } from '../tls/alerts.ts';
import type { CurlExitCode } from '../tls/curl-exit-codes.ts';
import { curlExitCode, curlExitCodeInText, curlExitCodes } from '../tls/curl-exit-codes.ts';
import type { ErrorCode } from '../tls/error-codes.ts';
import { errorCode, errorCodes } from '../tls/error-codes.ts';
import type { VerificationCode } from '../tls/verification-codes.ts';
import { verificationCode, verificationCodeInText, verificationCodes } from '../tls/verification-codes.ts';
import type { Answer } from './answer.ts';
import { phrases } from './client-dialects.ts';
import { causesOfAlerts, causesOfCurl, causesOfErrors, causesOfVerification } from './client-causes.ts';

/**
 * What a client's error means: the number or name of a TLS alert, a code of Node, OpenSSL or undici, an exit code of
 * curl, or a text that holds any of them. The most particular comes first: an alert tells more than curl's exit code.
 */
export function clientErrors(asked: string): readonly Answer[] {
  const named = byName(asked.trim());
  if (named.length > 0) return named;
  const [reason] = reasonsInText(asked);
  const curl = curlExitCodeInText(asked);
  return [...(reason ? [reason] : []), ...(curl ? [ofCurl(curl)] : [])];
}

/** The one thing that a text says: what was refused, in TLS or of a certificate, before what became of the connection. */
function* reasonsInText(text: string): Iterable<Answer> {
  const alert = alertInText(text);
  if (alert) yield ofAlert(alert);
  const [, fatal = ''] = /\bfatal alert: (\w+)/i.exec(text) ?? [];
  yield* byName(fatal);
  const phrase = phrases.find(({ words }) => words.test(text));
  if (phrase && 'alert' in phrase.means) yield* byName(phrase.means.alert);
  if (phrase && 'verification' in phrase.means) yield* byName(phrase.means.verification);
  const verification = verificationCodeInText(text);
  if (verification) yield ofVerification(verification);
  for (const [code] of text.matchAll(/\b(?:E[A-Z][A-Z_]{2,30}|ERR_[A-Z_]{4,60}|UND_ERR_[A-Z_]{4,40})\b/g)) {
    const error = errorCode(code);
    if (error) yield ofError(error);
  }
  if (phrase && 'error' in phrase.means) yield* byName(phrase.means.error);
}

/** Every name that the tables know, for telling somebody what he may have meant. */
export function clientErrorNames(): readonly string[] {
  return [
    ...alerts.map(({ name }) => name),
    ...[...verificationCodes, ...errorCodes].map(({ code }) => code),
    ...curlExitCodes.map(({ name }) => `CURLE_${name}`),
  ];
}

/** `48`, `alert 48`, `unknown_ca`, `ECONNRESET`, `X509_V_ERR_CERT_HAS_EXPIRED`, `exit code 35`, `CURLE_RECV_ERROR`. */
function byName(asked: string): readonly Answer[] {
  const [, word, digits] =
    /^(?:(?:tls |ssl )?(alert|curl|exit)(?: number| exit)?(?: code)? ?)?\(?(\d{1,3})\)?$/i.exec(asked) ?? [];
  if (digits !== undefined) return byNumber(Number(digits), word?.toLowerCase());

  const alert = alertByName(asked.replace(/^(?:(?:tls|ssl) )?alert /i, '').replace(/^SSL_AD_/i, ''));
  if (alert) return [ofAlert(alert)];
  const code = asked.toUpperCase();
  const verification = verificationCode(code.replace(/^X509_V_ERR_/, ''));
  if (verification) return [ofVerification(verification)];
  const error = errorCode(code);
  if (error) return [ofError(error)];
  const curl = curlExitCodes.find(({ name }) => code === name || code === `CURLE_${name}`);
  return curl ? [ofCurl(curl)] : [];
}

/** A bare number may be either: both are told. */
function byNumber(number: number, word: string | undefined): readonly Answer[] {
  const alert = word === undefined || word === 'alert' ? alertByNumber(number) : undefined;
  const curl = word === 'alert' ? undefined : curlExitCode(number);
  return [...(alert ? [ofAlert(alert)] : []), ...(curl ? [ofCurl(curl)] : [])];
}

function ofAlert({ number, name, meaning, atGateway }: Alert): Answer {
  return {
    kind: 'tls-alert',
    name,
    title: `TLS alert ${number}, ${name}`,
    sections: [
      { heading: 'What it means', text: meaning },
      { heading: 'From an Istio gateway', text: atGateway ?? 'Envoy does not send it: something else has answered.' },
    ],
    causes: causesOfAlerts[name] ?? [],
  };
}

function ofVerification({ code, number, text, meaning, atGateway }: VerificationCode): Answer {
  const words = text === undefined ? '' : ` "${text}"`;
  return {
    kind: 'verification-error',
    name: code,
    title: `${code}: the client does not accept the certificate${number === undefined ? '' : ` (OpenSSL ${number},${words})`}`,
    sections: sections(meaning, atGateway),
    causes: causesOfVerification[code] ?? [],
  };
}

function ofError({ code, kind, meaning, atGateway }: ErrorCode): Answer {
  const where = {
    network: 'of the network',
    tls: 'of TLS',
    http: 'of HTTP',
    input: 'of this machine or what it was given',
  };
  return {
    kind: 'client-error',
    name: code,
    title: `${code}: an error ${where[kind]}`,
    sections: sections(meaning, atGateway),
    causes: causesOfErrors[code] ?? [],
  };
}

function ofCurl({ code, name, meaning, atGateway }: CurlExitCode): Answer {
  return {
    kind: 'client-error',
    name: `CURLE_${name}`,
    title: `curl: (${code}), CURLE_${name}`,
    sections: sections(meaning, atGateway),
    causes: causesOfCurl[code] ?? [],
  };
}

function sections(meaning: string, atGateway: string): Answer['sections'] {
  return [
    { heading: 'What it means', text: meaning },
    { heading: 'In front of an Istio gateway', text: atGateway },
  ];
}
