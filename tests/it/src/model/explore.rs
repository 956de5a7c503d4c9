//! Explores a configuration until nothing new appears, and asks of every state what must be true of it.

use std::collections::{HashMap, VecDeque};

use super::check;
use super::host::Decided;
use super::moves::{Move, happen, moves};
use super::world::{Configuration, Variant, World};

/// More states than any configuration has; a bound, so that a mistake ends.
const STATES_MAX: usize = 500_000;

/// What came of it.
pub(super) enum Found {
    /// Everything is as it must be.
    Nothing { states: usize },
    /// It is not; the path leads there.
    Something { what: String, path: Vec<String> },
}

/// How a state was reached, and where it goes by itself.
struct Node {
    from: Option<(usize, Move)>,
    at_rest: bool,
    /// Where it goes by itself if the agents take everything, and if they refuse everything.
    calm: [Vec<usize>; 2],
}

struct Search<'c> {
    configuration: &'c Configuration,
    variant: Variant,
    known: HashMap<String, usize>,
    nodes: Vec<Node>,
    new: VecDeque<(usize, World)>,
    decided: Decided,
}

/// Explores.
pub(super) fn explore(configuration: &Configuration, variant: Variant) -> Found {
    let mut search = Search {
        configuration,
        variant,
        known: HashMap::new(),
        nodes: Vec::new(),
        new: VecDeque::new(),
        decided: Decided::new(),
    };
    search.reach(World::new(configuration), None);
    while let Some((at, world)) = search.new.pop_front() {
        if let Err((what, last)) = search.expand(at, &world) {
            let mut path = search.path(at);
            path.extend(last.map(|last| format!("{last:?}")));
            path.push(format!("{world:#?}"));
            return Found::Something { what, path };
        }
        assert!(search.nodes.len() < STATES_MAX, "{STATES_MAX} states and no end");
    }
    for (flavour, agents) in ["take", "refuse"].into_iter().enumerate() {
        if let Some(at) = search.stuck(flavour) {
            let what = format!("no rest can be reached from here when the agents {agents}");
            return Found::Something { what, path: search.path(at) };
        }
    }
    Found::Nothing { states: search.nodes.len() }
}

impl Search<'_> {
    /// The number of a state; a new one is to be expanded.
    fn reach(&mut self, world: World, from: Option<(usize, Move)>) -> usize {
        let key = world.key();
        if let Some(at) = self.known.get(&key) {
            return *at;
        }
        let at = self.nodes.len();
        self.known.insert(key, at);
        self.nodes.push(Node { from, at_rest: false, calm: [Vec::new(), Vec::new()] });
        self.new.push_back((at, world));
        at
    }

    fn expand(&mut self, at: usize, world: &World) -> Result<(), (String, Option<Move>)> {
        if let Some(what) = check::always(world) {
            return Err((what, None));
        }
        let mut calm_moves = 0;
        for what in moves(self.configuration, world) {
            let next = happen(self.configuration, self.variant, &mut self.decided, world, what);
            let next = next.map_err(|error| (error, Some(what)))?;
            let to = self.reach(next, Some((at, what)));
            for (flavour, takes) in [true, false].into_iter().enumerate() {
                if what.is_calm(takes) {
                    calm_moves += 1;
                    self.nodes[at].calm[flavour].push(to);
                }
            }
        }
        if calm_moves == 0 {
            self.nodes[at].at_rest = true;
            if let Some(what) = check::at_rest(world) {
                return Err((what, None));
            }
        }
        Ok(())
    }

    /// A state from which no state at rest can be reached by what happens by itself.
    fn stuck(&self, flavour: usize) -> Option<usize> {
        let mut back: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            for to in &node.calm[flavour] {
                back[*to].push(at);
            }
        }
        let mut restful: Vec<bool> = self.nodes.iter().map(|node| node.at_rest).collect();
        let mut new: Vec<usize> = (0..restful.len()).filter(|at| restful[*at]).collect();
        while let Some(at) = new.pop() {
            for from in &back[at] {
                if !restful[*from] {
                    restful[*from] = true;
                    new.push(*from);
                }
            }
        }
        restful.iter().position(|restful| !restful)
    }

    fn path(&self, mut at: usize) -> Vec<String> {
        let mut path = Vec::new();
        while let Some((from, what)) = self.nodes[at].from {
            path.push(format!("{what:?}"));
            at = from;
        }
        path.reverse();
        path
    }
}
