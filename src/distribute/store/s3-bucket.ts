/** Which bucket `s3://BUCKET/PREFIX` is, and who we are there, by the environment. */
import { bytes, printable, type Bytes } from '../../bytes/bytes.ts';
import { EXIT, XhError } from '../../message/error.ts';

export interface Bucket {
  /** As the user wrote it. */
  readonly name: string;
  readonly bucket: string;
  /** Of every key: empty, or with a slash at its end. */
  readonly prefix: Bytes;
  /** What keys are added to. */
  readonly address: URL;
  readonly region: string;
  /** Absent: everybody is somebody who may read. */
  readonly keys?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws XhError E_STORE_ADDRESS */
export function bucketOf(address: URL, environment: Environment): Bucket {
  const bucket = address.hostname;
  const path = address.pathname.replace(/^\/+|\/+$/g, '');
  const region = given(environment, 'AWS_REGION', 'AWS_DEFAULT_REGION') ?? 'us-east-1';
  const endpoint = given(environment, 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL');
  const accessKeyId = given(environment, 'AWS_ACCESS_KEY_ID');
  const secretAccessKey = given(environment, 'AWS_SECRET_ACCESS_KEY');
  const sessionToken = given(environment, 'AWS_SESSION_TOKEN');
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    const lacking = accessKeyId === undefined ? 'AWS_ACCESS_KEY_ID' : 'AWS_SECRET_ACCESS_KEY';
    throw new XhError('E_STORE_ADDRESS', `${lacking} is not set`, {
      exit: EXIT.usage,
      remedy:
        'set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither to read what all may read',
    });
  }
  const prefix = decoded(path);
  return {
    name: `s3://${bucket}${path === '' ? '' : `/${path}`}`,
    bucket,
    prefix: prefix === '' ? bytes('') : bytes(`${prefix}/`),
    address: endpoint === undefined ? amazon(bucket, region) : within(endpoint, bucket),
    region,
    ...(accessKeyId !== undefined &&
      secretAccessKey !== undefined && {
        keys: {
          accessKeyId,
          secretAccessKey,
          ...(sessionToken !== undefined && { sessionToken }),
        },
      }),
  };
}

/** A name with a dot fits no certificate as part of a host's name. */
function amazon(bucket: string, region: string): URL {
  return bucket.includes('.')
    ? new URL(`https://s3.${region}.amazonaws.com/${bucket}/`)
    : new URL(`https://${bucket}.s3.${region}.amazonaws.com/`);
}

function within(endpoint: string, bucket: string): URL {
  const wrong = (cause?: unknown): XhError =>
    new XhError(
      'E_STORE_ADDRESS',
      `AWS_ENDPOINT_URL '${printable(bytes(endpoint))}' is no address`,
      {
        exit: EXIT.usage,
        remedy: 'write for example https://s3.example.org',
        cause,
      },
    );
  try {
    const url = new URL(`${endpoint.replace(/\/+$/, '')}/${bucket}/`);
    if (!/^https?:$/.test(url.protocol)) throw wrong();
    return url;
  } catch (error) {
    throw error instanceof XhError ? error : wrong(error);
  }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function given(environment: Environment, ...names: readonly string[]): string | undefined {
  return names
    .map((name) => environment[name])
    .find((value) => value !== undefined && value !== '');
}
