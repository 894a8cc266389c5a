// A .zip of files, without compression: a dozen notebooks are small, and every system can open it.

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  return value;
});

/** Return the CRC-32 of bytes, as zip files and zlib have it. */
export function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ TABLE[(value ^ byte) & 0xff];
  return ~value >>> 0;
}

/** Return a date and a time as zip files have them: in two seconds, in local time. */
function stamp(date) {
  const time = (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1);
  const day = ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate();
  return [time, day];
}

/** Return bytes: each field is [how many bytes, value], the lowest byte first. */
function fields(...list) {
  return Uint8Array.from(
    list.flatMap(([size, value]) => Array.from({ length: size }, (_, place) => (value >>> (8 * place)) & 0xff)),
  );
}

const UTF_8 = 0x0800; // how names are written

/** Return the parts of a .zip: what `new Blob(parts)` takes.
 *
 * @param files a list of [name, bytes]. Folders in a name are separated by /.
 * @param date when they were changed
 */
export function zip(files, date) {
  const [time, day] = stamp(date);
  const parts = [];
  const entries = [];
  let offset = 0;
  for (const [name, bytes] of files) {
    const called = new TextEncoder().encode(name);
    const about = [
      [2, 20],
      [2, UTF_8],
      [2, 0],
      [2, time],
      [2, day],
      [4, crc32(bytes)],
    ];
    about.push([4, bytes.length], [4, bytes.length], [2, called.length], [2, 0]);
    entries.push(fields([4, 0x02014b50], [2, 20], ...about, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), called);
    const head = fields([4, 0x04034b50], ...about);
    parts.push(head, called, bytes);
    offset += head.length + called.length + bytes.length;
  }
  const size = entries.reduce((sum, part) => sum + part.length, 0);
  const count = files.length;
  const end = fields([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, offset], [2, 0]);
  return [...parts, ...entries, end];
}
