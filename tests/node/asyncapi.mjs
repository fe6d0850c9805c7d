// Reads an AsyncAPI document as the official parser does; prints what it finds fault with, as JSON.
import {readFileSync} from "node:fs";
import {Parser} from "@asyncapi/parser";

const {document, diagnostics} = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
const faults = diagnostics.map(({code, message, path, severity}) => ({code, message, path: path.join("."), severity}));
const messages = document ? document.messages().all().map((message) => message.name()) : [];
console.log(JSON.stringify({faults, messages}));
process.exit(0);
