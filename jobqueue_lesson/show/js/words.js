// Times, shares, speeds and moves in words.

/** Format seconds in the unit that reads best: "20 ms", "1.5 s". The same as `format_duration` in style.py. */
export function formatDuration(seconds) {
  if (Math.abs(seconds) < 0.9995) return `${Number((1000 * seconds).toPrecision(3))} ms`;
  return `${Number(seconds.toPrecision(Math.abs(seconds) < 1e4 ? 4 : 6))} s`;
}

/** Format seconds that are running, in as many digits all the time: "950 ms", "1.5 s", "210.0 s". */
export function formatRunning(seconds) {
  if (seconds < 0.01) return formatDuration(Number(seconds.toPrecision(2)));
  return seconds < 0.9995 ? `${Math.round(1000 * seconds)} ms` : `${seconds.toFixed(1)} s`;
}

/** Format a share, from 0 to 1: "50 %". Only a whole is 100 %. */
export function formatShare(share) {
  return `${share < 1 ? Math.min(99, Math.round(100 * share)) : 100} %`;
}

/** Format a speed, in seconds of the record per second of real time: "20 × slower". */
export function formatSpeed(speed) {
  if (speed === 1) return "real time";
  const times = speed > 1 ? speed : Math.round(1 / speed);
  return `${times.toLocaleString("en")} × ${speed > 1 ? "faster" : "slower"}`;
}

/** Format an `AttemptError`, a list of its fields: "TimeoutError: no answer". */
function formatError([, type, message]) {
  return type ? `${type}: ${message}` : message;
}

/** Describe what an event did to its job: "picked up by worker-1, attempt 2". `words` is `WORDS` in replay.py. */
export function describeMove(event, words) {
  switch (event.move) {
    case "enqueue": {
      const parts = [words.enqueue];
      if (event.priority) parts.push(`priority ${event.priority}`);
      if (event.due > event.at) parts.push(`due in ${formatDuration(event.due - event.at)}`);
      return parts.join(", ");
    }
    case "dequeue": {
      const again = event.attempt > 1 ? `, attempt ${event.attempt}` : "";
      return `${words.dequeue} ${event.worker}${again}`;
    }
    case "retry": {
      const backoff = formatDuration(event.due - event.at);
      return `attempt ${event.attempt} failed (${formatError(event.error)}), again in ${backoff}`;
    }
    case "fail":
      return `${words.fail} (${formatError(event.error)})`;
    case "release":
      return "released";
    case "progress": {
      const note = event.note ? `, ${event.note}` : "";
      return `${words.progress} ${formatShare(event.progress)}${note}`;
    }
    default:
      return words[event.move] ?? event.move;
  }
}

/** Put values into words, as Python's `format` does: fill("You said {letter}.", { letter: "A" }). */
export function fill(words, values) {
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
