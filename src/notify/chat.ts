/** A notice as the incoming webhook of a chat takes it. */
import type { Json } from '../domain/json.js';
import type { ChatFormat } from '../domain/sink.js';
import { textBody } from './chat-text.js';
import { discordBody } from './discord.js';
import { mattermostBody } from './mattermost.js';
import type { Notice } from './notice.js';
import { slackBody } from './slack.js';
import { teamsBody } from './teams.js';

const BODIES: Readonly<Record<ChatFormat, (notice: Notice) => Json>> = {
  slack: slackBody,
  teams: teamsBody,
  discord: discordBody,
  mattermost: mattermostBody,
  text: textBody,
};

export const chatBody = (format: ChatFormat, notice: Notice): Json => BODIES[format](notice);
