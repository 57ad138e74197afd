/** Writes objects into a bucket. */
import type { Sink } from '../../../ports/sink.ts'
import { type Location, parseNamedUri, schemeOf } from '../../locations.ts'
import { encodeWithFormat } from '../encode.ts'
import { registerSinkKind, type SinkKind, type SinkLocation } from '../sink-kind.ts'

declare module '../sink-ports.ts' {
  interface SinkPorts {
    /** Writes the objects of a bucket. Loaded when first needed. */
    readonly objects?: (bucket: string) => Promise<Sink<Uint8Array>>
  }
}

/** A bucket. */
interface BucketLocation extends Location {
  readonly kind: 'objects'
  readonly bucket: string
}

const isBucket = (location: Location): location is BucketLocation => location.kind === 'objects'

/** A bucket, and the path in it. */
export interface ObjectsSinkLocation extends SinkLocation {
  readonly kind: 'objects'
  readonly bucket: string
}

const objects: SinkKind<ObjectsSinkLocation, Uint8Array> = {
  name: 'objects',
  noun: 'a bucket',
  placeForm: 's3://BUCKET/PATH',
  isAvailable: (ports) => ports.objects !== undefined,
  locateUnbound(place) {
    const uri = schemeOf(place) === 's3' ? parseNamedUri(place) : undefined
    return uri && { kind: 'objects', bucket: uri.name, path: uri.rest }
  },
  locateBound(location, path) {
    if (!isBucket(location)) throw new TypeError(`${location.kind} is not a bucket`)
    return { kind: 'objects', bucket: location.bucket, path }
  },
  parseDeployed: ({ bucket }): BucketLocation | undefined =>
    typeof bucket === 'string' && bucket !== '' ? { kind: 'objects', bucket } : undefined,
  deployedForm: '{ "kind": "objects", "bucket": "name" }',
  key: ({ bucket }) => bucket,
  open: ({ bucket }, { objects: port }) => {
    if (port === undefined) throw new TypeError('there are no buckets in this world')
    return port(bucket)
  },
  encode: encodeWithFormat,
}

registerSinkKind(objects)
