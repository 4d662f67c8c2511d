// Prints what @azure/storage-blob-changefeed reads of a feed, as JSON lines; called by
// tests/clients/change_feed.py. FEED_START, FEED_END: an interval; FEED_PAGE: events to read before
// going on from the continuation token, in a new client.
import { BlobChangeFeedClient } from "@azure/storage-blob-changefeed";

const { FEED_URL, FEED_START, FEED_END, FEED_PAGE } = process.env;
const open = () =>
  new BlobChangeFeedClient(FEED_URL, undefined, { retryOptions: { maxTries: 1 } });
const options = {};
if (FEED_START) options.start = new Date(FEED_START);
if (FEED_END) options.end = new Date(FEED_END);
const print = (event) => console.log(JSON.stringify(event));

if (!FEED_PAGE) {
  for await (const event of open().listChanges(options)) print(event);
} else {
  let continuationToken;
  do {
    const pages = open().listChanges(continuationToken ? {} : options)
      .byPage({ maxPageSize: Number(FEED_PAGE), continuationToken });
    const { value, done } = await pages.next();
    if (done) break;
    value.events.forEach(print);
    continuationToken = value.continuationToken;
  } while (continuationToken);
}
