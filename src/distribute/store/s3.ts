/**
 * A store in a bucket of an object store that speaks S3. Records are replaced by conditional writes,
 * which S3 has had since 2024; a server that knows none of them has to be written to by one publisher at
 * a time. Where it is, and the keys, are told by the variables that everybody's tools read (AWS_…).
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { createRequire } from 'node:module';
import { setTimeout } from 'node:timers/promises';
import type * as Aws from 'aws4fetch';
import { b, bytes, concat, slice, toText, type Bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';
import { hashOf } from './hash.ts';
import { addressOf, openHttpStore, refusalOf, ServerRefusal } from './http.ts';
import { isRecord } from './paths.ts';
import type { Pieces, Store } from './store.ts';
import { bucketOf, type Bucket } from './s3-bucket.ts';
import { parseListing } from './s3-listing.ts';

export interface S3Options {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** How long nothing may come: milliseconds. */
  readonly patience?: number;
  /** How many names are asked for at a time, if not as many as the server gives. */
  readonly page?: number;
  /** Told what a person who publishes should know of the server. */
  readonly tell?: (line: string) => void;
}

/** The store at `s3://BUCKET/PREFIX`. @throws XhError E_STORE_ADDRESS */
export function openS3Store(address: URL, options: S3Options = {}): Store {
  const { patience = 20_000, page, tell = () => undefined } = options;
  const bucket = bucketOf(address, options.environment ?? process.env);
  const { name, prefix } = bucket;
  const secure = bucket.address.protocol === 'https:';
  const agentOptions = { keepAlive: true, maxSockets: CONNECTIONS };
  const agent = secure ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  const reader = openHttpStore(new URL(addressOf(prefix), bucket.address), {
    patience,
    isRecord,
    sign: async (url) => signed(bucket, { url, method: 'GET', headers: {} }),
  });
  let isThere = false;
  let conditional: boolean | undefined;

  /** One request, tried again when the server is not to be had or overloaded. @throws ServerRefusal, Error */
  async function ask(call: S3Call): Promise<S3Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await askOnce(call);
      } catch (error) {
        const again = !(error instanceof ServerRefusal) || BUSY.has(error.status);
        if (!again || attempt === ATTEMPTS) throw error;
        await setTimeout(PAUSE * 2 ** attempt * (0.5 + Math.random()));
      }
    }
  }

  async function askOnce({
    method,
    key,
    query = '',
    headers = {},
    body,
  }: S3Call): Promise<S3Answer> {
    const url = `${new URL(addressOf(key), bucket.address).href}${query}`;
    const all = { ...headers, ...(body !== undefined && { 'x-amz-content-sha256': body.hash }) };
    const sent = await signed(bucket, { url, method, headers: all });
    return new Promise((resolve, reject) => {
      const request = (secure ? httpsRequest : httpRequest)(
        url,
        {
          agent,
          method,
          timeout: patience,
          headers: { ...sent, ...(body !== undefined && { 'Content-Length': body.length }) },
        },
        (response) => {
          answerOf(response, method).then(resolve, reject);
        },
      );
      request.on('timeout', () => {
        request.destroy(new Error(`nothing has come for ${patience / 1000} s`));
      });
      request.on('error', reject);
      if (body === undefined) request.end();
      else {
        send(request, body.pieces()).catch((error: unknown) => {
          request.destroy(error instanceof Error ? error : new Error(String(error)));
        });
      }
    });
  }

  /** As {@link ask}, for one object; undefined when there is none. */
  async function askAbout(path: Bytes, call: Omit<S3Call, 'key'>): Promise<S3Answer | undefined> {
    try {
      return await ask({ ...call, key: concat(prefix, path) });
    } catch (error) {
      if (error instanceof ServerRefusal && error.status === 404) {
        await demandBucket();
        return undefined;
      }
      throw failed(bucket, call.method !== 'GET', error);
    }
  }

  /** That an object is not there means something only when the bucket is. */
  async function demandBucket(): Promise<void> {
    if (isThere) return;
    try {
      await ask({ method: 'GET', key: b``, query: '?list-type=2&max-keys=1' });
      isThere = true;
    } catch (error) {
      throw failed(bucket, false, error);
    }
  }

  function put(
    path: Bytes,
    content: Uint8Array,
    headers: S3Call['headers'] = {},
  ): Promise<S3Answer> {
    const body = { hash: hashOf(content), length: content.length, pieces: () => [content] };
    return ask({ method: 'PUT', key: concat(prefix, path), headers, body });
  }

  /** Whether the server refuses a write on a condition that cannot be met. */
  async function knowsConditions(): Promise<boolean> {
    try {
      await put(PROBE, Buffer.from('a probe for conditional writes\n'), { 'if-match': NO_ETAG });
    } catch (error) {
      if (error instanceof ServerRefusal) {
        if (MISMATCH.has(error.status)) return true;
        // the bucket, perhaps: that is told from here
        if (error.status === 404 && error.code !== 'NoSuchBucket') return true;
        if (error.status === 501 || error.status === 400) return false;
      }
      throw failed(bucket, true, error);
    }
    await askAbout(PROBE, { method: 'DELETE' });
    return false;
  }

  async function replace(
    path: Bytes,
    content: Uint8Array,
    before: Uint8Array | undefined,
  ): Promise<boolean> {
    const now = await askAbout(path, { method: 'GET' });
    const same = before === undefined ? now === undefined : now?.content.equals(before) === true;
    if (!same) return false;
    if (conditional === undefined) {
      conditional = await knowsConditions();
      if (!conditional)
        tell(
          `note: ${new URL(bucket.address).host} knows no conditional writes: let one publisher at a time write to ${name}`,
        );
    }
    const headers: Record<string, string> = conditional
      ? now === undefined
        ? { 'if-none-match': '*' }
        : { 'if-match': now.etag }
      : {};
    try {
      await put(path, content, headers);
    } catch (error) {
      // 404: the record has been removed meanwhile
      if (error instanceof ServerRefusal && (MISMATCH.has(error.status) || error.status === 404)) {
        return false;
      }
      throw failed(bucket, true, error);
    }
    if (conditional) return true;
    const after = await askAbout(path, { method: 'GET' });
    return after?.content.equals(content) === true;
  }

  return {
    name,
    async read(path, reading) {
      try {
        const found = await reader.read(path, reading);
        if (found === undefined) await demandBucket();
        return found;
      } catch (error) {
        if (!(error instanceof XhError)) throw error;
        throw error.cause instanceof Error ? failed(bucket, false, error.cause) : error;
      }
    },
    async has(path) {
      return (await askAbout(path, BEGINNING)) !== undefined;
    },
    async written(path) {
      return (await askAbout(path, BEGINNING))?.modified;
    },
    async add(path, pieces, length) {
      const there = await askAbout(path, BEGINNING);
      if (there !== undefined) {
        if (Date.now() - there.modified > FRESH) await touch(path);
        return false;
      }
      const hash = hashIn(path);
      if (length > MOST_IN_ONE) {
        throw new XhError(
          'E_STORE_WRITE',
          `${name} takes at most 5 GiB in one piece, and ${toText(path)} has ${length} bytes`,
          {
            remedy: 'publish this package to a store in a directory',
          },
        );
      }
      await askAbout(path, { method: 'PUT', body: { hash, length, pieces } });
      return true;
    },
    // what S3 has acknowledged is durable
    settle: () => Promise.resolve(),
    replace,
    async *list(top) {
      for (let token: string | undefined = ''; token !== undefined;) {
        const begin = encodeURIComponent(`${toText(prefix)}${top}/`);
        const more = token === '' ? '' : `&continuation-token=${encodeURIComponent(token)}`;
        const most = page === undefined ? '' : `&max-keys=${page}`;
        const query = `?list-type=2&encoding-type=url&prefix=${begin}${most}${more}`;
        const answer = await ask({ method: 'GET', key: b``, query }).catch((error: unknown) => {
          throw failed(bucket, false, error);
        });
        const listing = parseListing(name, answer.content);
        for (const found of listing.objects)
          yield { ...found, path: slice(found.path, prefix.length) };
        token = listing.next;
      }
    },
    async remove(path) {
      await askAbout(path, { method: 'DELETE' });
    },
    close() {
      agent.destroy();
      reader.close();
    },
  };

  /** A copy onto itself is what makes an object young. */
  async function touch(path: Bytes): Promise<void> {
    const source = `/${bucket.bucket}/${addressOf(concat(prefix, path))}`;
    const headers = { 'x-amz-copy-source': source, 'x-amz-metadata-directive': 'REPLACE' };
    await askAbout(path, { method: 'PUT', headers });
  }
}

interface S3Call {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  /** In the bucket. */
  readonly key: Bytes;
  /** With its question mark. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: {
    /** SHA-256: a server takes nothing else under it. */
    readonly hash: string;
    readonly length: number;
    readonly pieces: Pieces;
  };
}

/**
 * What tells whether an object is there, and since when. It would be HEAD if there were no servers that
 * answer it with a body, after which nothing on the connection is understood.
 */
const BEGINNING = { method: 'GET', headers: { range: 'bytes=0-0' } } as const;

interface S3Answer {
  readonly content: Buffer;
  readonly etag: string;
  /** Milliseconds since the epoch. */
  readonly modified: number;
}

async function answerOf(response: IncomingMessage, method: S3Call['method']): Promise<S3Answer> {
  const { statusCode = 0, headers } = response;
  if (statusCode < 200 || statusCode > 299) throw await refusalOf(response);
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  const content = Buffer.concat(pieces);
  // a copy may fail after it has been answered that it goes well
  const begin = content.toString('latin1', 0, 1000);
  const [, code] = /<Code>(\w+)<\/Code>/.exec(begin) ?? [];
  if (code !== undefined && begin.includes('<Error>') && method === 'PUT') {
    throw new ServerRefusal(500, '', code);
  }
  return {
    content,
    etag: headers.etag ?? '',
    modified: Date.parse(headers['last-modified'] ?? '') || Date.now(),
  };
}

async function send(
  request: ReturnType<typeof httpRequest>,
  pieces: ReturnType<Pieces>,
): Promise<void> {
  for await (const piece of pieces) {
    if (request.destroyed) return;
    if (!request.write(piece)) {
      await new Promise<void>((resolve) => {
        request.once('drain', resolve);
        request.once('close', resolve);
      });
    }
  }
  request.end();
}

/** The headers that authorise a request (AWS Signature Version 4); none without keys: anybody may read some buckets. */
async function signed(
  { keys, region }: Bucket,
  {
    url,
    method,
    headers,
  }: {
    readonly url: string;
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
  },
): Promise<Record<string, string>> {
  if (keys === undefined) return headers;
  const { AwsV4Signer } = (library ??= loadLibrary());
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  const signer = new AwsV4Signer({
    url,
    method,
    headers: { 'x-amz-content-sha256': EMPTY, ...headers },
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
    service: 's3',
    region,
  });
  const { headers: all } = await signer.sign();
  return Object.fromEntries(all);
}

/** When it is needed: by require, since a program that has been compiled before cannot import. */
function loadLibrary(): typeof Aws {
  return createRequire(import.meta.url)('aws4fetch') as typeof Aws;
}
let library: ReturnType<typeof loadLibrary> | undefined;

function hashIn(path: Bytes): string {
  return slice(path, path.lastIndexOf('/') + 1);
}

function failed({ name, keys }: Bucket, writing: boolean, error: unknown): XhError {
  if (error instanceof XhError) return error;
  const why = error instanceof Error ? error.message : String(error);
  const code = error instanceof ServerRefusal ? (error.code ?? String(error.status)) : '';
  const remedy =
    keys === undefined && error instanceof ServerRefusal && error.status < 404
      ? 'no keys are given: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'
      : (REMEDIES[code] ?? 'is the server up, and AWS_ENDPOINT_URL its address?');
  return new XhError(
    writing ? 'E_STORE_WRITE' : 'E_STORE_READ',
    `${name} cannot be ${writing ? 'written' : 'read'}: ${why}`,
    { remedy, cause: error },
  );
}

const RIGHTS =
  'look at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and what they may do: s3:ListBucket, s3:GetObject; to publish s3:PutObject; for gc s3:DeleteObject';
const REMEDIES: Readonly<Record<string, string>> = {
  '403': RIGHTS,
  AccessDenied: RIGHTS,
  InvalidAccessKeyId: RIGHTS,
  SignatureDoesNotMatch: RIGHTS,
  NoSuchBucket: 'make the bucket first, or mend the name',
  RequestTimeTooSkewed: 'set the clock of this host',
  PermanentRedirect: 'set AWS_REGION to the region of the bucket',
  AuthorizationHeaderMalformed: 'set AWS_REGION to the region of the bucket',
};

const EMPTY = hashOf(b``);
const NO_ETAG = '"00000000000000000000000000000000"';
const PROBE = bytes('.probe');
const CONNECTIONS = 16;
const ATTEMPTS = 4;
/** Before the second attempt, in the mean: milliseconds. */
const PAUSE = 100;
const BUSY: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);
const MISMATCH: ReadonlySet<number> = new Set([409, 412]);
/** What is younger needs not be made young: milliseconds. It is far less than what gc leaves alone. */
const FRESH = 3_600_000;
/** Bytes. */
const MOST_IN_ONE = 5 * 2 ** 30;
