"""What a federation's rules are worth: coalitions that try to earn more than by honest work.

Nothing is learned here. A *game* (its settings in `game`, `world`, `play`) is a federation on the executable
specification, with members, a coalition among them, and money: work costs something, and a sponsor funds the
pool so that honest work pays. `handbook` has what differs between mechanisms. Instead of models there are
updates of a quality; a juror notices a bad one, and suspects a good one, with given probabilities. A
*strategy* (`strategy`; what it means for a round, `turn`) says what the coalition's accounts do otherwise
than honest ones, as a choice for each of some genes: each is something that a participant can do on a real
chain. `measure` plays a strategy against honest play of the same accounts, from the same seeds, and says what
it gains and what others lose by it. `search` looks for the combinations that pay, without knowing those in
`library`.

Everything is pure: a seed fixes a game.
"""
