// Numbers as the reader writes them, and times in the reader's zone with UTC beside.

const numbers = new Intl.NumberFormat();
const times = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export function localise(root) {
  for (const data of root.querySelectorAll("data.number")) {
    data.textContent = numbers.format(data.value);
  }
  for (const time of root.querySelectorAll("time[datetime]:not([title])")) {
    const moment = new Date(time.dateTime);
    // Years beyond those of JavaScript stay as the server wrote them.
    if (Number.isNaN(moment.getTime())) continue;
    const utc = time.textContent;
    time.title = utc;
    const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone !== "UTC") time.textContent = `${times.format(moment)} (${utc})`;
  }
}
