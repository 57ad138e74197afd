/** Operations that bring the values of equal keys together. */
import { RDD } from '../rdd.ts'
import { appendValue, joinValues, type ShuffleOptions } from '../shuffle.ts'

declare module '../rdd.ts' {
  interface RDD<T> {
    /**
     * One pair for each key, its values reduced by `f`, which must be associative and commutative; on pairs only. Keys are equal by value;
     * the result is in the order of the keys.
     *
     * @example await words.mapToPair((word) => [word, 1]).reduceByKey((a, b) => a + b).collect() // [['be', 2], ['to', 1]]
     */
    reduceByKey<K, V>(this: RDD<[K, V]>, f: (a: V, b: V) => V, options?: ShuffleOptions): RDD<[K, V]>

    /**
     * One pair for each key with all its values, in the order in which they came; on pairs only. The result is in the order of the keys.
     *
     * @example await parallelize([['a', 1], ['a', 2]] as [string, number][]).groupByKey().collect() // [['a', [1, 2]]]
     */
    groupByKey<K, V>(this: RDD<[K, V]>, options?: ShuffleOptions): RDD<[K, V[]]>
  }
}

RDD.prototype.reduceByKey = function <K, V>(this: RDD<[K, V]>, f: (a: V, b: V) => V, { partitions = 1 }: ShuffleOptions = {}) {
  return this.shuffled<K, V>(partitions, (map, [key, value]) => map.combine(key, value, f), f)
}

RDD.prototype.groupByKey = function <K, V>(this: RDD<[K, V]>, { partitions = 1 }: ShuffleOptions = {}) {
  return this.shuffled<K, V[]>(partitions, appendValue, joinValues)
}
