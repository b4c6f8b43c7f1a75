import type { IncomingMessage } from 'node:http';
import type { Json } from '../../model/json.ts';
import { readYaml } from '../yaml-document.ts';
import { ApiFailure, badRequest } from './failure.ts';
import { readProtobuf } from './protobuf.ts';

/** The limit of kube-apiserver. */
const largestBody = 3 * 1024 * 1024;

/**
 * The body of a request as JSON, also where it is YAML; `null` when there is none.
 * @throws ApiFailure 413 when it is too large, 415 for protobuf of a kind that it cannot read, 400 when it cannot be read.
 */
export async function readBody(request: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes: Buffer = chunk;
    size += bytes.length;
    // What is too much is read all the same: a client that still writes would not see the answer.
    if (size <= largestBody) chunks.push(bytes);
  }
  if (size > largestBody) {
    throw new ApiFailure(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${largestBody}`);
  }
  if (size === 0) return null;
  const type = request.headers['content-type'] ?? '';
  const bytes = Buffer.concat(chunks);
  if (!type.includes('protobuf')) return parse(bytes.toString('utf8'), type.includes('yaml'));
  const object = readProtobuf(bytes);
  if (!object) throw new ApiFailure(415, 'UnsupportedMediaType', protobufRefused);
  return object;
}

const protobufRefused =
  'the lab reads this kind as JSON or YAML only (kubectl: add --dry-run=client -o yaml | kubectl apply -f -); ' +
  'accepted media types include: application/json, application/yaml';

function parse(text: string, yaml: boolean): Json {
  try {
    const document: Json = yaml ? readYaml(text) : JSON.parse(text);
    return document;
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: ${error instanceof Error ? error.message : String(error)}`);
  }
}
