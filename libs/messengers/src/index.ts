export { previewAt, type PreviewPace } from './pacing.js';
export type { Capabilities, Content, Inbound, Inlet, Outcome, Platform, Step } from './port.js';
export { createPlatforms } from './registry.js';
export { isReply, replyModeOf, type ReplyMode } from './reply-mode.js';
