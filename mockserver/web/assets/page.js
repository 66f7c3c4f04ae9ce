// The scripts of all views. A view works without them; they keep it up to date while one types.
import { localise } from "./locale.js";
import "./copy-text.js";
import "./live-filter.js";
import "./live-part.js";

localise(document);
