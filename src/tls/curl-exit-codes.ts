/** An exit code of curl, and what it usually means in front of an Istio gateway. */
export interface CurlExitCode {
  readonly code: number;
  /** libcurl's name without its prefix, as in `curl/curl.h`. */
  readonly name: string;
  readonly meaning: string;
  readonly atGateway: string;
}

/** Codes as of curl 8 (curl.se/libcurl/c/libcurl-errors.html); 51 is what curl before 7.62 said for 60. */
export const curlExitCodes: readonly CurlExitCode[] = [
  {
    code: 3,
    name: 'URL_MALFORMAT',
    meaning: 'The URL is not one.',
    atGateway: 'Often an empty INGRESS_HOST or SECURE_INGRESS_PORT in the command.',
  },
  {
    code: 5,
    name: 'COULDNT_RESOLVE_PROXY',
    meaning: 'The name of the proxy has no address.',
    atGateway: 'HTTPS_PROXY is set: the request never went to the gateway. Try with --noproxy.',
  },
  {
    code: 6,
    name: 'COULDNT_RESOLVE_HOST',
    meaning: 'The host name has no address.',
    atGateway: 'DNS has no record for the host; --resolve HOST:PORT:ADDRESS goes around DNS.',
  },
  {
    code: 7,
    name: 'COULDNT_CONNECT',
    meaning: 'No TCP connection: refused, or no route.',
    atGateway:
      'Nothing listens: the Service has no such port or no ready pod, the listener was refused or left out, or it still waits for its secret (the first 15 seconds after a start).',
  },
  {
    code: 16,
    name: 'HTTP2',
    meaning: 'HTTP/2 failed below a single request.',
    atGateway:
      'With "Broken pipe" right after a TLS 1.3 handshake: the gateway refused the client certificate, or the lack of one. Repeat with --tls-max 1.2 to see the alert.',
  },
  {
    code: 18,
    name: 'PARTIAL_FILE',
    meaning: 'The answer ended too early.',
    atGateway: 'TLS is sound; the backend or the gateway broke off.',
  },
  {
    code: 22,
    name: 'HTTP_RETURNED_ERROR',
    meaning: 'The status is 400 or higher, and --fail was given.',
    atGateway: 'TLS is sound; look at the status.',
  },
  {
    code: 28,
    name: 'OPERATION_TIMEDOUT',
    meaning: 'Time ran out.',
    atGateway:
      'Before the connection: a firewall or a wrong address. During the handshake: large packets are lost on the way. After it: the backend does not answer.',
  },
  {
    code: 35,
    name: 'SSL_CONNECT_ERROR',
    meaning: 'The TLS handshake failed; the text tells how.',
    atGateway:
      'Reset by peer: no filter chain for the name, or a credential that never reached Envoy. An alert: what the gateway says of version, cipher or client certificate. "wrong version number": the port speaks plain HTTP.',
  },
  {
    code: 47,
    name: 'TOO_MANY_REDIRECTS',
    meaning: 'Redirects go on and on.',
    atGateway: 'A redirect to https on the HTTPS server as well, or behind a balancer that ends TLS.',
  },
  {
    code: 51,
    name: 'PEER_FAILED_VERIFICATION',
    meaning: 'The certificate of the server does not verify (60 since curl 7.62).',
    atGateway: 'The name is not in the certificate that the gateway shows.',
  },
  {
    code: 52,
    name: 'GOT_NOTHING',
    meaning: 'The server closed without an answer.',
    atGateway:
      'Plain HTTP to a TLS port, HTTP/2 to a TCP route, or a TLS 1.3 connection whose client certificate was refused.',
  },
  {
    code: 55,
    name: 'SEND_ERROR',
    meaning: 'The request could not be sent.',
    atGateway:
      'Right after a TLS 1.3 handshake: the gateway refused the client certificate. Repeat with --tls-max 1.2.',
  },
  {
    code: 56,
    name: 'RECV_ERROR',
    meaning: 'The answer could not be read.',
    atGateway:
      'With an alert in the text: the gateway refused the client certificate after a TLS 1.3 handshake. With a reset and plain HTTP: a port whose filter chains all need a server name.',
  },
  {
    code: 58,
    name: 'SSL_CERTPROBLEM',
    meaning: "The client's own certificate or key cannot be used.",
    atGateway:
      'The files of --cert and --key: wrong path, not a pair, encrypted, or not PEM. The gateway was not asked.',
  },
  {
    code: 59,
    name: 'SSL_CIPHER',
    meaning: 'The cipher list names nothing that curl knows.',
    atGateway: 'The words of --ciphers. The gateway was not asked.',
  },
  {
    code: 60,
    name: 'PEER_FAILED_VERIFICATION',
    meaning: 'The certificate does not verify.',
    atGateway:
      'The gateway\'s certificate: expired, wrong name, missing intermediate, or another CA than in --cacert. But "SSL certificate verification failed" without a reason is alert 45: then the client\'s certificate is the expired one.',
  },
  {
    code: 77,
    name: 'SSL_CACERT_BADFILE',
    meaning: 'The file of trusted CAs cannot be read.',
    atGateway: 'The file of --cacert: wrong path, empty, or not PEM.',
  },
  {
    code: 83,
    name: 'SSL_ISSUER_ERROR',
    meaning: 'The issuer is not the one that --issuercert demands.',
    atGateway: 'The gateway shows a certificate of another CA.',
  },
  {
    code: 90,
    name: 'SSL_PINNEDPUBKEYNOTMATCH',
    meaning: 'The public key is not the one that is pinned.',
    atGateway: 'The certificate was renewed with a new key.',
  },
  {
    code: 92,
    name: 'HTTP2_STREAM',
    meaning: 'HTTP/2 failed in this one request.',
    atGateway: 'TLS is sound; the gateway or the backend reset the stream.',
  },
  {
    code: 98,
    name: 'SSL_CLIENTCERT',
    meaning: 'The server demands a client certificate.',
    atGateway: 'A MUTUAL server, TLS 1.3, and no --cert.',
  },
];

const byCode = new Map(curlExitCodes.map((entry) => [entry.code, entry]));

export function curlExitCode(code: number): CurlExitCode | undefined {
  return byCode.get(code);
}

/** The exit code in a text as curl prints it: `curl: (35) …`, or `(35) …` alone. */
export function curlExitCodeInText(text: string): CurlExitCode | undefined {
  const match = /(?:^|\bcurl:\s*|\s)\((\d{1,3})\)(?:\s|$)/.exec(text);
  return match ? curlExitCode(Number(match[1])) : undefined;
}
