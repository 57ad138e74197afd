// Makes test/conformance/vectors/KafkaStreamsRun.json: what Kafka Streams gives for windows by
// event time, record by record, in its TopologyTestDriver. With kafka-streams and
// kafka-streams-test-utils 4.1.1 and what they need in the directory LIB:
//
//   javac -cp 'LIB/*' -d out test/conformance/kafka-streams/WindowsRun.java
//   java -cp 'LIB/*:out' WindowsRun > test/conformance/vectors/KafkaStreamsRun.json
//
// Each record is a batch. A result is [key, start, end, value]. The end of a session is a gap after
// its last record, as in Millrace; Kafka Streams says when that record was. Times of records are
// even and gaps are odd, because Kafka Streams emits a session whose end is the watermark, and
// still takes records for it. Sessions are in memory, where those that are over are gone at once.
// The data come from a linear congruential generator. The vectors hold them too: this program is
// only needed to make new ones.

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.Stores;

public class WindowsRun {
  record Event(String key, long at, long value) {}

  record Result(String key, long start, long end, long value) {
    String json() {
      return "[\"" + key + "\"," + start + "," + end + "," + value + "]";
    }
  }

  record Case(String name, long size, long slide, long gap, long grace, boolean last, long seed) {}

  static long state;

  static long next(long below) {
    state = (state * 1103515245L + 12345L) % 2147483648L;
    return (state >> 8) % below;
  }

  public static void main(String[] args) {
    List<Case> cases = new ArrayList<>();
    long seed = 0;
    for (boolean last : new boolean[] {true, false}) {
      for (long grace : new long[] {0, 12}) {
        cases.add(new Case("tumbling", 20, 20, 0, grace, last, ++seed));
        cases.add(new Case("hopping", 30, 10, 0, grace, last, ++seed));
        cases.add(new Case("hopping, of uneven panes", 26, 10, 0, grace, last, ++seed));
        cases.add(new Case("sessions", 0, 0, 9, grace, last, ++seed));
        cases.add(new Case("sessions, short", 0, 0, 3, grace, last, ++seed));
      }
    }
    List<String> vectors = cases.stream().map(WindowsRun::run).toList();
    System.out.println("[\n" + String.join(",\n", vectors) + "\n]");
  }

  static List<Event> events(Case one) {
    state = one.seed * 7919;
    List<Event> events = new ArrayList<>();
    long clock = 100;
    for (int i = 0; i < 40; i++) {
      clock += next(10) == 0 ? 60 : next(10);
      long at = next(3) == 0 ? Math.max(0, clock - next(50)) : clock;
      events.add(new Event("abc".substring((int) next(3)).substring(0, 1), at / 2 * 2, i + 1));
    }
    return events;
  }

  static String run(Case one) {
    List<Event> events = events(one);
    List<Result> given = new ArrayList<>();
    StreamsBuilder builder = new StreamsBuilder();
    KGroupedStream<String, Long> grouped =
        builder.stream("in", Consumed.with(Serdes.String(), Serdes.Long())).groupByKey();
    KTable<Windowed<String>, Long> sums =
        one.gap > 0 ? sessions(one, grouped) : windows(one, grouped);
    if (one.last)
      sums = sums.suppress(Suppressed.untilWindowCloses(Suppressed.BufferConfig.unbounded()));
    sums.toStream().process(() -> new ContextualProcessor<Windowed<String>, Long, Void, Void>() {
      @Override
      public void process(Record<Windowed<String>, Long> record) {
        // Sessions that are now part of another one have no value.
        if (record.value() == null) return;
        Windowed<String> key = record.key();
        long end = key.window().end() + one.gap;
        given.add(new Result(key.key(), key.window().start(), end, record.value()));
      }
    });
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "windows-run");
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
    settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
    settings.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.LongSerde.class);
    List<String> batches = new ArrayList<>();
    List<String> late = new ArrayList<>();
    try (TopologyTestDriver driver = new TopologyTestDriver(builder.build(), settings)) {
      var input = driver.createInputTopic(
          "in", Serdes.String().serializer(), Serdes.Long().serializer());
      long before = 0;
      for (Event event : events) {
        given.clear();
        input.pipeInput(event.key, event.value, event.at);
        given.sort(Comparator.comparing(Result::key).thenComparing(Result::end));
        batches.add("[" + String.join(",", given.stream().map(Result::json).toList()) + "]");
        long dropped = dropped(driver);
        late.add(String.valueOf(dropped - before));
        before = dropped;
      }
    }
    return vector(one, events, batches, late);
  }

  static KTable<Windowed<String>, Long> windows(Case one, KGroupedStream<String, Long> grouped) {
    TimeWindows windows = TimeWindows
        .ofSizeAndGrace(Duration.ofMillis(one.size), Duration.ofMillis(one.grace))
        .advanceBy(Duration.ofMillis(one.slide));
    return grouped.windowedBy(windows).reduce(Long::sum);
  }

  static KTable<Windowed<String>, Long> sessions(Case one, KGroupedStream<String, Long> grouped) {
    SessionWindows windows = SessionWindows.ofInactivityGapAndGrace(
        Duration.ofMillis(one.gap), Duration.ofMillis(one.grace));
    Materialized<String, Long, SessionStore<Bytes, byte[]>> store = Materialized.as(
        Stores.inMemorySessionStore("sessions", Duration.ofMillis(one.gap + one.grace)));
    return grouped.windowedBy(windows)
        .reduce(Long::sum, store.withKeySerde(Serdes.String()).withValueSerde(Serdes.Long()));
  }

  static long dropped(TopologyTestDriver driver) {
    return driver.metrics().entrySet().stream()
        .filter(entry -> entry.getKey().name().equals("dropped-records-total"))
        .mapToLong(entry -> ((Double) entry.getValue().metricValue()).longValue())
        .sum();
  }

  static String vector(Case one, List<Event> events, List<String> batches, List<String> late) {
    String windows = one.gap > 0 ? "\"gapMs\":" + one.gap
        : "\"sizeMs\":" + one.size + ",\"slideMs\":" + one.slide;
    List<String> input = events.stream()
        .map(event -> "[[\"" + event.key + "\"," + event.at + "," + event.value + "]]").toList();
    String results = one.last ? "final" : "early";
    // One record that is too late for several windows counts once for each of them there.
    boolean countsRecords = one.gap > 0 || one.size == one.slide;
    return "{\"suite\":\"KafkaStreamsRun\",\"name\":\"" + one.name + ", " + results + ", grace "
        + one.grace + "\",\"op\":\"eventTime.reduceByKey\",\"batchIntervalMs\":1000,"
        + "\"params\":{" + windows + ",\"latenessMs\":" + one.grace + ",\"results\":\"" + results
        + "\"},\n\"inputBatches\":[" + String.join(",", input) + "],\n\"expectedBatches\":["
        + String.join(",", batches) + "],\n"
        + (countsRecords ? "\"expectedLate\":[" + String.join(",", late) + "],\n" : "")
        + "\"compare\":\"multiset\",\"origin\":\"kafka-streams-run-4.1\","
        + "\"notes\":\"Kafka Streams 4.1.1, TopologyTestDriver, a record a batch.\"}";
  }
}
