//! What one thread asks in one turn of its loop: a call for each client, sent together.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gate::Verdict;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Fleet;
use super::access::Connection;
use super::quotas::Told;
use super::script::{Answer, Call, ClientKey, Limits};
use super::trouble::Trouble;

/// One request: to be decided, or admitted already.
pub(super) struct Ask {
    pub(super) client: ClientKey,
    pub(super) since: Instant,
    /// What is known of the client's quotas, if it has some.
    pub(super) quotas: Option<Told>,
    pub(super) wanted: Wanted,
}

pub(super) enum Wanted {
    /// Whoever waits for it learns from the end of the channel that there will be none.
    Verdict { limits: Limits, reply: oneshot::Sender<Verdict> },
    /// So many were admitted already, the last of them at this uptime: to be recorded, and not waited for. Those that count
    /// for the quotas are told with these.
    Record { count: u32, last: Duration },
}

/// Asks that go out together. What was admitted already and has not been recorded when this is dropped is kept, to be told
/// later: perhaps a second time, which lets fewer in and never more.
pub(super) struct Batch {
    fleet: Arc<Fleet>,
    asked: Vec<Asked>,
    /// When the first of it was asked.
    since: Instant,
}

/// All that is asked about one client.
struct Asked {
    call: Call,
    /// The uptime at which the last of those that are admitted already was.
    admitted_at: Duration,
    /// Who waits for a verdict, in the order of the call's limits.
    replies: Vec<oneshot::Sender<Verdict>>,
}

impl Asked {
    fn about(client: ClientKey) -> Self {
        Self { call: Call::about(client), admitted_at: Duration::ZERO, replies: Vec::new() }
    }
}

impl Batch {
    pub(super) fn of(fleet: &Arc<Fleet>, asks: impl IntoIterator<Item = Ask>) -> Self {
        let (mut asked, mut places) = (Vec::<Asked>::new(), HashMap::new());
        let mut since = None;
        for ask in asks {
            since.get_or_insert(ask.since);
            let place = *places.entry(ask.client).or_insert_with(|| {
                asked.push(Asked::about(ask.client));
                asked.len() - 1
            });
            let Asked { call, admitted_at, replies } = &mut asked[place];
            if let Some(told) = ask.quotas {
                // What was admitted alone is told first, so that every answer knows of it.
                let before = call.quotas.or_else(|| fleet.untold_quotas.take(ask.client));
                call.quotas = Some(before.map_or(told, |before| before.with(told)));
            }
            match ask.wanted {
                Wanted::Record { count, last } => {
                    call.already = call.already.saturating_add(count);
                    *admitted_at = last.max(*admitted_at);
                }
                Wanted::Verdict { limits, reply } => {
                    call.limits.push(limits);
                    replies.push(reply);
                }
            }
        }
        Self { fleet: Arc::clone(fleet), asked, since: since.unwrap_or_else(Instant::now) }
    }

    /// Sends it, and hands out what comes back.
    ///
    /// # Errors
    /// Some of it was not answered, or not in time.
    pub(super) async fn send(
        mut self,
        mut connection: Connection,
        patience: Duration,
    ) -> Result<(), Trouble> {
        let sent = Instant::now();
        let all: Vec<usize> = (0..self.asked.len()).collect();
        let deadline = self.since + patience;
        let asked = async {
            let unknown = self.ask(&mut connection, &all, false).await?;
            if unknown.is_empty() {
                return Ok(());
            }
            // A Redis that has started anew, or a node that has not met the script yet.
            match self.ask(&mut connection, &unknown, true).await?[..] {
                [] => Ok(()),
                _ => Err(Trouble::away("it forgets the script that it was told just now")),
            }
        };
        let outcome = tokio::time::timeout_at(deadline, asked).await.unwrap_or_else(|_| Err(Trouble::slow()));
        self.fleet.health.round_trip(sent.elapsed(), outcome.is_ok());
        outcome
    }

    /// Asks for some of it. Returns those for which the script was not known.
    async fn ask(
        &mut self,
        connection: &mut Connection,
        places: &[usize],
        spelt_out: bool,
    ) -> Result<Vec<usize>, Trouble> {
        let prefix = self.fleet.access.prefix();
        // One server knows the script from the first that spells it out; of a cluster, any node may not have met it.
        let spelt_out = |number| spelt_out && (number == 0 || connection.is_cluster());
        let command =
            |(number, &place): (usize, &usize)| self.asked[place].call.command(prefix, spelt_out(number));
        let commands = places.iter().enumerate().map(command).collect();
        let answers = connection.send(commands).await?;
        let (mut unknown, mut wrong, now) = (Vec::new(), None, Instant::now());
        for (&place, answer) in places.iter().zip(answers) {
            let Asked { call, replies, .. } = &mut self.asked[place];
            match answer {
                Err(error) if error.code() == Some("NOSCRIPT") => unknown.push(place),
                Err(error) => wrong = Some(Trouble::from(error)),
                Ok(answer) => {
                    let Some(answers) = call.answers(&answer) else {
                        wrong = Some(Trouble::away("it gives an answer that is none"));
                        continue;
                    };
                    call.already = 0;
                    call.quotas = call.quotas.map(Told::heard);
                    self.fleet.health.decided(answers.len());
                    for (reply, Answer { verdict, wait }) in replies.drain(..).zip(answers) {
                        if let Some(Err(over)) = verdict.minute {
                            // It was decided after it was asked, so that there is no room for longer than that.
                            self.fleet.full.note(call.client, over.quota.limit, self.since + wait, now);
                        }
                        // Whoever has hung up meanwhile has been counted all the same.
                        let _ = reply.send(verdict);
                    }
                }
            }
        }
        wrong.map_or(Ok(unknown), Err)
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        for Asked { call: Call { client, already, quotas, .. }, admitted_at, .. } in &self.asked {
            if *already > 0 {
                self.fleet.untold.add(*client, *already, *admitted_at);
            }
            if let Some(told) = quotas.filter(Told::is_news) {
                self.fleet.untold_quotas.add(*client, told);
            }
        }
    }
}
