//! The store against a model of it in a few lines, with random histories and power cuts in between. After each step the
//! answers must be the same; after each history, and after each power cut, everything that is kept.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;
use proptest::sample::Index;
use uuid::Uuid;

use super::*;
use crate::outbox::Receipt;
use crate::queue::RequestState;
use crate::suppression::Suppression;

/// One step of a history. Small numbers, so that jobs, arguments, keys and lanes meet often.
#[derive(Clone, Debug)]
enum Step {
    Accept {
        key: Option<u8>,
        edit: bool,
        text: u8,
        orders: Vec<(u8, u8, i64)>,
        answers: u8,
    },
    CancelJob(u8),
    Suppress {
        job: u8,
        after: i64,
        length: i64,
    },
    Lift(u8),
    Claim,
    ClaimRequest(Index),
    End {
        run: Index,
        reports: u8,
    },
    EndAgain(Index),
    Cancel(Index),
    Take(u8),
    Settle {
        lane: u8,
        how: u8,
    },
    Wait(i64),
    PowerCut,
}

fn step() -> impl Strategy<Value = Step> {
    let orders = prop::collection::vec((0..3u8, 0..3u8, 0..20i64), 0..3);
    prop_oneof![
        6 => (prop::option::of(0..4u8), any::<bool>(), 0..2u8, orders, 0..2u8).prop_map(
            |(key, edit, text, orders, answers)| Step::Accept { key, edit, text, orders, answers }
        ),
        1 => (0..4u8).prop_map(Step::CancelJob),
        2 => (0..3u8, -5..15i64, 6..20i64).prop_map(|(job, after, length)| Step::Suppress { job, after, length }),
        1 => (0..4u8).prop_map(Step::Lift),
        4 => Just(Step::Claim),
        1 => any::<Index>().prop_map(Step::ClaimRequest),
        3 => (any::<Index>(), 0..3u8).prop_map(|(run, reports)| Step::End { run, reports }),
        1 => any::<Index>().prop_map(Step::EndAgain),
        1 => any::<Index>().prop_map(Step::Cancel),
        3 => (0..2u8).prop_map(Step::Take),
        3 => (0..2u8, 0..3u8).prop_map(|(lane, how)| Step::Settle { lane, how }),
        2 => (1..15i64).prop_map(Step::Wait),
        1 => Just(Step::PowerCut),
    ]
}

#[derive(Clone, Debug, PartialEq)]
struct ModelRequest {
    job: u8,
    argument: u8,
    due: i64,
    state: RequestState,
    askings: BTreeSet<AskingId>,
}

#[derive(Debug)]
struct ModelDelivery {
    id: Uuid,
    due: i64,
    attempts: u32,
    in_flight: bool,
}

#[derive(Debug)]
struct ModelAsking {
    id: AskingId,
    acted: bool,
    text: u8,
}

/// What the store ought to hold.
#[derive(Debug, Default)]
struct Model {
    now: i64,
    keys: BTreeMap<u8, ModelAsking>,
    requests: BTreeMap<RequestId, ModelRequest>,
    running: BTreeMap<u8, (RunId, RequestId)>,
    /// Job, start, end.
    suppressions: Vec<(u8, i64, i64)>,
    ended: Vec<RunId>,
    lanes: BTreeMap<u8, VecDeque<ModelDelivery>>,
    deliveries: usize,
}

impl Model {
    fn pending(&self, job: u8, argument: u8) -> Option<RequestId> {
        let is = |r: &ModelRequest| (r.job, r.argument, r.state) == (job, argument, RequestState::Pending);
        self.requests.iter().find(|(_, request)| is(request)).map(|(id, _)| *id)
    }

    /// Until when a job is suppressed at a moment.
    fn suppressed(&self, job: u8, at: i64) -> Option<i64> {
        let active = |(of, start, end): &&(u8, i64, i64)| *of == job && *start <= at && at < *end;
        self.suppressions.iter().filter(active).map(|(_, _, end)| *end).max()
    }

    /// The pending requests of jobs that are free.
    fn waiting(&self) -> impl Iterator<Item = (&RequestId, &ModelRequest)> {
        let may = |r: &ModelRequest| r.state == RequestState::Pending && !self.running.contains_key(&r.job);
        self.requests.iter().filter(move |(_, request)| may(request))
    }

    /// The first that may start, by due time and number.
    fn first(&self) -> Option<(i64, RequestId)> {
        let free = self
            .waiting()
            .filter(|(_, request)| self.suppressed(request.job, self.now).is_none());
        free.map(|(id, request)| (request.due, *id)).min()
    }

    /// When there may be something to start.
    fn next_due(&self) -> Option<i64> {
        let active = |(_, start, end): &&(u8, i64, i64)| *start <= self.now && self.now < *end;
        let released = self.suppressions.iter().filter(active).filter_map(|(job, _, end)| {
            let of_job = self.waiting().filter(|(_, request)| request.job == *job);
            let due = of_job.map(|(_, request)| request.due).min()?;
            Some(due.max(*end))
        });
        self.first().map(|(due, _)| due).into_iter().chain(released).min()
    }

    fn start(&mut self, request: RequestId, run: RunId) {
        let row = self.requests.get_mut(&request).unwrap();
        row.state = RequestState::Running;
        assert_eq!(
            self.running.insert(row.job, (run, request)),
            None,
            "two runs of one job"
        );
    }

    fn append(&mut self, lane: u8, deliveries: &[NewDelivery]) {
        self.deliveries += deliveries.len();
        let queue = self.lanes.entry(lane).or_default();
        queue.extend(deliveries.iter().map(|new| ModelDelivery {
            id: new.id,
            due: 0,
            attempts: 0,
            in_flight: false,
        }));
    }

    /// Cancels the pending requests that `which` picks.
    fn cancel(&mut self, which: impl Fn(RequestId, &ModelRequest) -> bool) -> u64 {
        let mut cancelled = 0;
        for (id, request) in &mut self.requests {
            if request.state == RequestState::Pending && which(*id, request) {
                request.state = RequestState::Cancelled;
                cancelled += 1;
            }
        }
        cancelled
    }
}

fn job_name(job: u8) -> String {
    format!("job{job}")
}

fn lane_name(lane: u8) -> String {
    format!("slack:C{lane}")
}

fn posts(lane: u8, count: u8) -> Vec<NewDelivery> {
    (0..count).map(|n| post(&format!("C{lane}"), &n.to_string())).collect()
}

struct Pair {
    model: Model,
    it: Fixture,
}

impl Pair {
    async fn take_step(mut self, step: Step) -> Self {
        match step {
            Step::Accept {
                key,
                edit,
                text,
                orders,
                answers,
            } => self.accept(key, edit, text, orders, answers).await,
            Step::CancelJob(job) => self.cancel_job(job).await,
            Step::Suppress { job, after, length } => self.suppress(job, after, length).await,
            Step::Lift(job) => self.lift(job).await,
            Step::Claim => self.claim().await,
            Step::ClaimRequest(which) => self.claim_request(which).await,
            Step::End { run, reports } => self.end(run, reports).await,
            Step::EndAgain(run) => self.end_again(run).await,
            Step::Cancel(which) => self.cancel(which).await,
            Step::Take(lane) => self.take(lane).await,
            Step::Settle { lane, how } => self.settle(lane, how).await,
            Step::Wait(seconds) => self.model.now += seconds,
            Step::PowerCut => {
                self.it = self.it.crash();
                self.compare().await;
            }
        }
        self
    }

    async fn accept(&mut self, key: Option<u8>, edit: bool, text: u8, orders: Vec<(u8, u8, i64)>, answers: u8) {
        let asking = NewAsking {
            key: key.map(|key| format!("slack:{key}")),
            edit,
            at: at(self.model.now),
            ..slack(&text.to_string(), "1.1")
        };
        let new = orders
            .iter()
            .map(|(job, argument, delay)| order(&job_name(*job), &argument.to_string(), at(self.model.now + delay)))
            .collect();
        let deliveries = posts(0, answers);
        let accepted = self
            .it
            .store
            .accept(asking, Cause::Requests(new), deliveries.clone())
            .await
            .unwrap();
        let earlier = key.and_then(|key| self.model.keys.get(&key));
        let fresh = earlier.is_none_or(|earlier| edit && !earlier.acted && earlier.text != text);
        let Accepted::New(caused) = accepted else {
            assert!(!fresh, "something new was taken for a repetition");
            return;
        };
        assert!(fresh, "a repetition was taken for something new");
        assert!(earlier.is_none_or(|earlier| earlier.id == caused.asking));
        if let Some(key) = key {
            let acted = !orders.is_empty();
            self.model.keys.insert(
                key,
                ModelAsking {
                    id: caused.asking,
                    acted,
                    text,
                },
            );
        }
        assert_eq!(caused.requests.len(), orders.len());
        for (queued, (job, argument, delay)) in caused.requests.iter().zip(orders) {
            self.queue(caused.asking, queued, job, argument, self.model.now + delay);
        }
        self.model.append(0, &deliveries);
    }

    fn queue(&mut self, asking: AskingId, queued: &Queued, job: u8, argument: u8, due: i64) {
        let pending = self.model.pending(job, argument);
        assert_eq!((queued.joined, queued.due), (pending.is_some(), at(due)));
        assert_eq!(queued.busy, self.model.running.get(&job).map(|(run, _)| *run));
        let suppressed = self.model.suppressed(job, due.max(self.model.now));
        assert_eq!(queued.suppressed, suppressed.map(at));
        if let Some(pending) = pending {
            assert_eq!(queued.id, pending);
        } else {
            let last = self.model.requests.last_key_value().map(|(id, _)| *id);
            assert!(last < Some(queued.id), "a number was given out again");
        }
        let new = ModelRequest {
            job,
            argument,
            due,
            state: RequestState::Pending,
            askings: BTreeSet::new(),
        };
        let row = self.model.requests.entry(queued.id).or_insert(new);
        row.due = due;
        row.askings.insert(asking);
    }

    async fn cancel_job(&mut self, job: u8) {
        let cause = Cause::CancelJob {
            namespace: "demo".into(),
            job: job_name(job),
        };
        let cancelled = self.it.caused(somebody(), cause).await.cancelled;
        assert_eq!(
            cancelled.len() as u64,
            self.model.cancel(|_, request| request.job == job)
        );
    }

    async fn suppress(&mut self, job: u8, after: i64, length: i64) {
        let (start, end) = (self.model.now + after, self.model.now + after + length);
        let cause = Cause::Suppress {
            namespace: "demo".into(),
            job: job_name(job),
            span: Suppression {
                start: at(start),
                end: at(end),
            },
        };
        let asking = NewAsking {
            at: at(self.model.now),
            ..somebody()
        };
        self.it.caused(asking, cause).await;
        self.model.suppressions.push((job, start, end));
    }

    async fn lift(&mut self, job: u8) {
        let cause = Cause::LiftSuppressions {
            namespace: "demo".into(),
            job: job_name(job),
        };
        let asking = NewAsking {
            at: at(self.model.now),
            ..somebody()
        };
        let lifted = self.it.caused(asking, cause).await.lifted;
        let now = self.model.now;
        let going_on = |(of, _, end): &(u8, i64, i64)| *of == job && *end > now;
        let expected = self.model.suppressions.iter().filter(|one| going_on(one)).count();
        assert_eq!(lifted, expected as u64);
        self.model.suppressions.retain(|(of, _, _)| *of != job);
    }

    async fn claim(&mut self) {
        let claim = self.it.store.claim(at(self.model.now)).await.unwrap();
        let due = self.model.first().filter(|(due, _)| *due <= self.model.now);
        assert_eq!(claim.run.as_ref().map(|run| run.request), due.map(|(_, id)| id));
        if let Some(run) = claim.run {
            self.started(&run);
        }
        assert_eq!(claim.next_due, self.model.next_due().map(at));
    }

    fn started(&mut self, run: &Run) {
        assert!(!self.model.ended.contains(&run.id), "a number was given out again");
        self.model.start(run.request, run.id);
        let row = &self.model.requests[&run.request];
        let asked: BTreeSet<AskingId> = run.askings.iter().map(|asking| asking.id).collect();
        assert_eq!(asked, row.askings);
        assert!(run.askings.is_sorted_by_key(|asking| asking.id));
        assert_eq!(run.job, job_name(row.job));
        assert_eq!(run.arguments.get("name"), Some(row.argument.to_string().as_str()));
    }

    fn some_request(&self, which: Index) -> Option<RequestId> {
        let ids: Vec<RequestId> = self.model.requests.keys().copied().collect();
        (!ids.is_empty()).then(|| *which.get(&ids))
    }

    async fn claim_request(&mut self, which: Index) {
        let Some(id) = self.some_request(which) else { return };
        let row = &self.model.requests[&id];
        let busy = self.model.running.get(&row.job).map(|(run, _)| *run);
        let suppressed = self.model.suppressed(row.job, self.model.now);
        let claimed = self.it.store.claim_request(id, at(self.model.now)).await.unwrap();
        match claimed {
            ClaimOne::Started(run) => {
                assert!(row.state == RequestState::Pending && row.due <= self.model.now && run.request == id);
                assert_eq!(suppressed, None);
                self.started(&run);
            }
            ClaimOne::NotYet(due) => {
                let expected = if row.due > self.model.now {
                    Some(row.due)
                } else {
                    suppressed
                };
                assert!(Some(due) == expected.map(at) && busy.is_none());
            }
            ClaimOne::Busy(run) => assert!(busy == Some(run) && row.state == RequestState::Pending),
            ClaimOne::Gone(state) => assert!(state == row.state && state != RequestState::Pending),
            ClaimOne::Unknown => panic!("request {id} is lost"),
        }
    }

    async fn end(&mut self, which: Index, reports: u8) {
        let running: Vec<(u8, RunId, RequestId)> = self
            .model
            .running
            .iter()
            .map(|(job, (run, r))| (*job, *run, *r))
            .collect();
        if running.is_empty() {
            return;
        }
        let (job, run, request) = *which.get(&running);
        let deliveries = posts(1, reports);
        let end = exit(0, at(self.model.now));
        self.it.store.end(run, end, deliveries.clone()).await.unwrap();
        self.model.running.remove(&job);
        self.model.ended.push(run);
        self.model.requests.get_mut(&request).unwrap().state = RequestState::Ended;
        self.model.append(1, &deliveries);
    }

    async fn end_again(&mut self, which: Index) {
        if self.model.ended.is_empty() {
            return;
        }
        let run = *which.get(&self.model.ended);
        let again = self.it.store.end(run, exit(1, at(self.model.now)), posts(1, 1)).await;
        assert_eq!(again, Err(StoreError::RunEnded(run)));
    }

    async fn cancel(&mut self, which: Index) {
        let Some(id) = self.some_request(which) else { return };
        let cancel = self.it.store.cancel(id, at(self.model.now)).await.unwrap();
        let row = &self.model.requests[&id];
        let expected = match row.state {
            RequestState::Pending => Cancel::Cancelled {
                namespace: "demo".into(),
                job: job_name(row.job),
            },
            RequestState::Running => Cancel::Running {
                run: self.model.running[&row.job].0,
            },
            RequestState::Ended | RequestState::Cancelled => Cancel::Ended,
        };
        assert_eq!(cancel, expected);
        self.model.cancel(|other, _| other == id);
    }

    async fn take(&mut self, lane: u8) {
        let take = self.it.store.take(&lane_name(lane), at(self.model.now)).await.unwrap();
        let now = self.model.now;
        match (take, self.model.lanes.entry(lane).or_default().front_mut()) {
            (Take::Nothing, None) => {}
            (Take::NotYet(due), Some(first)) => assert!(first.due > now && due == at(first.due)),
            (
                Take::Due {
                    delivery,
                    was_in_flight,
                },
                Some(first),
            ) => {
                first.attempts += 1;
                assert!(first.due <= now);
                assert_eq!(
                    (delivery.id, delivery.attempts, was_in_flight),
                    (first.id, first.attempts, first.in_flight)
                );
                first.in_flight = true;
            }
            (take, first) => panic!("{take:?} where the model has {first:?}"),
        }
    }

    async fn settle(&mut self, lane: u8, how: u8) {
        let Some(first) = self.model.lanes.entry(lane).or_default().front_mut() else {
            return;
        };
        let (id, now, due) = (first.id, at(self.model.now), self.model.now + 7);
        let why = "a test".to_owned();
        let settled = match how {
            0 => Settled::Sent(Receipt::default()),
            1 => Settled::GivenUp { why },
            _ => Settled::Retry { at: at(due), why },
        };
        let result = self.it.store.settle(id, settled, now, vec![]).await;
        if !first.in_flight {
            assert_eq!(result, Err(StoreError::NotInFlight(id)));
            return;
        }
        result.unwrap();
        if how < 2 {
            self.model.lanes.entry(lane).or_default().pop_front();
        } else {
            (first.in_flight, first.due) = (false, due);
        }
    }

    /// Everything that is kept, and the rules that hold whatever happened.
    async fn compare(&self) {
        for (id, row) in &self.model.requests {
            let view = self.it.store.request(*id).await.unwrap().unwrap();
            let kept = ModelRequest {
                job: row.job,
                argument: view.arguments.get("name").unwrap().parse().unwrap(),
                due: row.due,
                state: view.state,
                askings: view.askings.iter().map(|asking| asking.id).collect(),
            };
            assert_eq!((&kept, view.job, view.due), (row, job_name(row.job), at(row.due)));
        }
        let running: BTreeMap<RunId, RequestId> = self.model.running.values().copied().collect();
        let dead = self.it.store.dead_runs().await.unwrap();
        assert_eq!(
            dead.iter().map(|run| (run.id, run.request)).collect::<BTreeMap<_, _>>(),
            running
        );
        let busy = self.model.lanes.iter().filter(|(_, lane)| !lane.is_empty());
        let busy: Vec<String> = busy.map(|(lane, _)| lane_name(*lane)).collect();
        assert_eq!(self.it.store.lanes_with_work().await.unwrap(), busy);
        assert_eq!(
            self.it.raw::<i64>("SELECT count(*) FROM request"),
            self.model.requests.len() as i64
        );
        let going_on = self.it.store.suppressions("demo", at(self.model.now)).await.unwrap();
        let mut going_on: Vec<_> = going_on.into_iter().map(|one| (one.job, one.start, one.end)).collect();
        going_on.sort();
        let expected = self
            .model
            .suppressions
            .iter()
            .filter(|(_, _, end)| *end > self.model.now);
        let mut expected: Vec<_> = expected
            .map(|(job, start, end)| (job_name(*job), at(*start), at(*end)))
            .collect();
        expected.sort();
        assert_eq!(going_on, expected);
        assert_eq!(
            self.it.raw::<i64>("SELECT count(*) FROM delivery"),
            self.model.deliveries as i64
        );
        self.assert_rules();
    }

    fn assert_rules(&self) {
        let rule = |what: &str, sql: &str| assert_eq!(self.it.raw::<i64>(sql), 0, "{what}");
        rule(
            "one running request per job",
            "SELECT count(*) FROM (SELECT 1 FROM request WHERE state = 'running' GROUP BY job HAVING count(*) > 1)",
        );
        rule(
            "one pending request per job and arguments",
            "SELECT count(*) FROM
                (SELECT 1 FROM request WHERE state = 'pending' GROUP BY job, arguments HAVING count(*) > 1)",
        );
        rule(
            "a request runs exactly as long as its job's row says so",
            "SELECT count(*) FROM request LEFT JOIN run ON run.request = request.id AND run.ended_at IS NULL
             LEFT JOIN job ON job.running = run.id WHERE (request.state = 'running') <> (job.id IS NOT NULL)",
        );
        rule(
            "a job's row names its first pending request",
            "SELECT count(*) FROM job WHERE next_request IS NOT
                (SELECT id FROM request WHERE job = job.id AND state = 'pending' ORDER BY due_at, id LIMIT 1)
             OR next_due IS NOT (SELECT due_at FROM request WHERE id = next_request)",
        );
        rule(
            "references lead somewhere",
            "SELECT count(*) FROM pragma_foreign_key_check",
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_the_model_does(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut pair = Pair { model: Model::default(), it: Fixture::new() };
            for step in steps {
                pair = pair.take_step(step).await;
            }
            pair.compare().await;
        });
    }
}
