//! The demo's minute: requests of a few clients, through the real listener.

use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};
use serde::Deserialize;
use tokio::time::MissedTickBehavior;

use super::cast::{Actor, BEATS, Part};
use super::sheet::Sheet;
use super::story::{Count, Story};
use crate::clock::unix_now;

/// When a key gets an end: after its first request, however slow the machine is.
const EARLY: u32 = 4;

/// When a key is revoked.
const HALF_WAY: u32 = BEATS / 2;

/// The minute goes on until everybody has been refused who is to be, but not for ever.
const MOST_BEATS: u32 = 4 * BEATS;

/// For one answer. The listener is on this machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Between two looks at whether the keys have been read.
const PAUSE: Duration = Duration::from_millis(50);

/// Everything that it takes.
pub(super) struct Play {
    pub(super) url: String,
    pub(super) sheet: Sheet,
    pub(super) cast: Vec<Actor>,
    /// How long the minute is.
    pub(super) length: Duration,
    pub(super) story: Story,
}

/// The part of an answer that is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Reply {
    status: u16,
    problem: Problem,
}

/// A refusal's body.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
struct Problem {
    code: String,
    detail: String,
}

impl Play {
    /// Plays it, and says how it ended. It ends early when the server does.
    pub(super) async fn perform(mut self) {
        match self.minute().await {
            Ok(count) => self.story.end(&count),
            Err(error) => tracing::debug!("the demo's traffic ends: {error:#}"),
        }
    }

    async fn minute(&mut self) -> anyhow::Result<Count> {
        let client = Client::builder().no_proxy().timeout(TIMEOUT).build()?;
        self.wait_for_keys(&client).await?;
        self.story.begin();
        let mut last: Vec<Reply> = self.cast.iter().map(|_| Reply::default()).collect();
        let mut count = Count::default();
        let mut revoked = None;
        let mut beats = tokio::time::interval(self.length / BEATS);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for beat in 0..MOST_BEATS {
            if beat >= BEATS && self.have_all_had_their_turn(&last) {
                break;
            }
            beats.tick().await;
            match beat {
                EARLY => self.give_an_end().await,
                HALF_WAY => revoked = self.revoke().await,
                _ => {}
            }
            for (actor, last) in self.cast.iter().zip(&mut last) {
                if actor.part.is_due(beat) {
                    let reply = self.ask(&client, actor).await?;
                    count.add(reply.status);
                    self.tell(actor.part, last, &reply, revoked);
                    *last = reply;
                }
            }
            self.story.progress(beat, &count);
        }
        Ok(count)
    }

    async fn wait_for_keys(&self, client: &Client) -> anyhow::Result<()> {
        let Some(actor) = self.actor(Part::Steady) else { return Ok(()) };
        let unavailable = StatusCode::SERVICE_UNAVAILABLE.as_u16();
        while self.ask(client, actor).await?.status == unavailable {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn ask(&self, client: &Client, actor: &Actor) -> anyhow::Result<Reply> {
        let url = format!("{}{}", self.url, actor.part.path());
        let answer = client.get(url).bearer_auth(&actor.key).send().await?;
        let status = answer.status();
        let problem = if status.is_success() { Problem::default() } else { answer.json().await? };
        Ok(Reply { status: status.as_u16(), problem })
    }

    fn actor(&self, part: Part) -> Option<&Actor> {
        self.cast.iter().find(|actor| actor.part == part)
    }

    /// Lets the one key expire within the minute.
    async fn give_an_end(&self) {
        let Some(actor) = self.actor(Part::Trial) else { return };
        let length = (self.length.as_secs() * 2 / 5).max(1);
        let end = unix_now().saturating_add_unsigned(length);
        self.story.deed(&match self.sheet.expire(&actor.key, end).await {
            Ok(()) => format!("The row of {} is changed: it expires in {length} s.", actor.part.name()),
            Err(error) => format!("No key could be given an end: {error:#}."),
        });
    }

    /// Revokes the other, and returns when that was.
    async fn revoke(&self) -> Option<Instant> {
        let actor = self.actor(Part::Former)?;
        let revoked = self.sheet.revoke(&actor.key, unix_now()).await;
        self.story.deed(&match &revoked {
            Ok(()) => format!("The row of {} is changed: is_active FALSE.", actor.part.name()),
            Err(error) => format!("No key could be revoked: {error:#}."),
        });
        revoked.ok().map(|()| Instant::now())
    }

    fn have_all_had_their_turn(&self, last: &[Reply]) -> bool {
        let has_had_its_turn =
            |(actor, last): (&Actor, &Reply)| actor.part == Part::Steady || last.status >= 400;
        self.cast.iter().zip(last).all(has_had_its_turn)
    }

    /// Tells of an answer that is another than the one before.
    fn tell(&self, part: Part, last: &Reply, reply: &Reply, revoked: Option<Instant>) {
        if (last.status, &last.problem.code) == (reply.status, &reply.problem.code) {
            return;
        }
        let Problem { code, detail } = &reply.problem;
        match (code.as_str(), revoked) {
            ("", _) => self.story.answer(part, reply.status, part.when_let_in()),
            ("inactive_api_key", Some(revoked)) if part == Part::Former => {
                let lag = revoked.elapsed().as_secs_f64();
                self.story.answer(part, reply.status, &format!("{code}, {lag:.1} s after the row was saved"));
            }
            _ => self.story.answer(part, reply.status, &format!("{code}: {detail}")),
        }
    }
}
