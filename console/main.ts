import { readAddress } from "./address-bar.ts";
import { connectionPart } from "./connection-part.ts";
import { loadKeys, webSocketUrlOf } from "./endpoints.ts";
import { eventsPart } from "./events-part.ts";
import { logPart } from "./log-part.ts";
import { pushPart } from "./push-part.ts";
import { roomPart } from "./room-part.ts";
import { openSession } from "./session.ts";
import { settingsPart } from "./settings-part.ts";
import { initialState } from "./state.ts";
import { makeStore } from "./store.ts";

const settings = { webSocketUrl: webSocketUrlOf(location), token: "", apiKey: "", ...(await loadKeys()) };
const store = makeStore(initialState(settings, readAddress(location.search)));
const session = openSession(store);

const { areReady } = settingsPart(store);
connectionPart(store, session, areReady);
roomPart(store, session, areReady);
eventsPart(store, session);
logPart(store);
pushPart(store);
// Until now a submitted form would have reloaded the page.
document.body.inert = false;
