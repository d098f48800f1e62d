/** Times for people, everywhere in the same way: servers, logs and colleagues need not be in one zone. */

/** `2027-01-31 08:00:00Z`, of an ISO time: UTC, as all of our texts that hold a time. */
export const utcTime = (iso: string): string =>
  `${new Date(iso).toISOString().slice(0, 19).replace('T', ' ')}Z`;

/** `08:00:00Z`, where the day is clear. @param time ISO, or epoch milliseconds */
export const utcClock = (time: string | number): string =>
  `${new Date(time).toISOString().slice(11, 19)}Z`;
