"""Where the cook's hands are at any moment of a script; must not know how anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kitchen_sim.canvas import Floats, vec
from kitchen_sim.motions import MOTIONS
from kitchen_sim.motions_counter import idle
from kitchen_sim.poses import Bench, Pose
from kitchen_sim.storyboard import Plan, Storyboard, Thing
from kitchen_sim.things import FORMS, HOB_FORMS

_BLEND_S = 0.45
_BODY_SHARE = 0.62


@dataclass(frozen=True)
class Moment:
    """The hands at one moment: the pose, where the body leans, and the plan under way, if any."""

    pose: Pose
    body_x: float
    plan: Plan | None


class Play:
    """The cook's movements through a storyboard, as functions of time."""

    def __init__(self, board: Storyboard) -> None:
        self.board, self.style = board, board.style
        script = board.script
        phases = np.random.default_rng([0xFA5E, script.seed]).random(len(script.steps) * 2 + 2)
        self._phase = [float(x) for x in phases]
        self._segments = self._timeline()
        self._benches: dict[int, Bench] = {}
        self._spun = self._spins()

    def moment(self, time_s: float) -> Moment:
        """The hands at a moment, eased over from what they did before."""
        number = next(
            (k for k, s in enumerate(self._segments) if s[0] - 1e-6 <= time_s < s[1] - 1e-6),
            len(self._segments) - 1,
        )
        now = self._segment_moment(number, time_s)
        since_s = time_s - self._segments[number][0]
        if number == 0 or since_s >= _BLEND_S:
            return now
        before = self._segment_moment(number - 1, self._segments[number - 1][1])
        share = since_s / _BLEND_S
        share = share * share * (3 - 2 * share)
        lead = before.pose.lead + (now.pose.lead - before.pose.lead) * share
        other = before.pose.other + (now.pose.other - before.pose.other) * share
        tip, other_tip = now.pose.tip, now.pose.other_tip
        stays = now.pose.tool == "lid"
        pose = replace(
            now.pose,
            lead=lead,
            other=other,
            lead_curl=before.pose.lead_curl + (now.pose.lead_curl - before.pose.lead_curl) * share,
            tip=tip if tip is None or stays else tip + lead - now.pose.lead,
            other_tip=None if other_tip is None else other_tip + other - now.pose.other,
        )
        return replace(now, pose=pose, body_x=before.body_x + (now.body_x - before.body_x) * share)

    def spun(self, thing_id: str, time_s: float, now: Moment) -> float:
        """How far stirring has turned what is in a vessel, radians."""
        if now.plan is not None and now.plan.target_id == thing_id:
            return self._spun[now.plan.index] + now.pose.extra.get("spin", 0.0)
        total = 0.0
        for plan in self.board.plans:
            if plan.target_id == thing_id and plan.step.end_s <= time_s + 1e-6:
                total = self._spun[plan.index] + self._last_spin(plan)
        return total

    def scale(self, thing: Thing) -> float:
        """How much larger than its form a vessel is in this style."""
        return self.style.vessel_scale if thing.kind in HOB_FORMS else 1.0

    def _last_spin(self, plan: Plan) -> float:
        return self._pose(plan, plan.step.length_s).extra.get("spin", 0.0)

    def _timeline(self) -> list[tuple[float, float, int | None]]:
        """(start, end, place in the script's steps) of all stretches; ``None`` between steps."""
        script, out, at_s = self.board.script, list[tuple[float, float, int | None]](), 0.0
        for index, step in enumerate(script.steps):
            if step.start_s > at_s + 1e-6:
                out.append((at_s, step.start_s, None))
            out.append((step.start_s, step.end_s, index))
            at_s = step.end_s
        out.append((at_s, script.duration_s + 1, None))
        return out

    def _spins(self) -> list[float]:
        turned_by: dict[str, float] = {}
        out: list[float] = []
        for plan in self.board.plans:
            out.append(turned_by.get(plan.target_id, 0.0))
            turned_by[plan.target_id] = out[-1] + self._last_spin(plan)
        return out

    def _segment_moment(self, number: int, time_s: float) -> Moment:
        start_s, end_s, index = self._segments[number]
        since_s = min(max(0.0, time_s - start_s), end_s - start_s)
        if index is None:
            near = next((s[2] for s in reversed(self._segments[:number]) if s[2] is not None), None)
            body = 0.0 if near is None else self._work_at(self.board.plans[near])[0] * _BODY_SHARE
            bench = self._idle_bench(body, self._phase[number % len(self._phase)], end_s - start_s)
            pose = idle(since_s, bench)
            return Moment(pose, body, None)
        plan = self.board.plans[index]
        pose = self._pose(plan, since_s)
        body = self._work_at(plan)[0] * _BODY_SHARE
        return Moment(pose, body + 0.45 * (float(pose.lead[0]) - body), plan)

    def _pose(self, plan: Plan, since_s: float) -> Pose:
        bench = self._benches.get(plan.index)
        if bench is None:
            bench = self._benches[plan.index] = self._bench(plan)
        return MOTIONS[plan.motion](since_s, bench)

    def _work_at(self, plan: Plan) -> Floats:
        if plan.target_id == "board":
            return vec(self.style.board_x, 0.19, 0.022)
        return self.board.things[plan.target_id].origin

    def _idle_bench(self, body_x: float, phase: float, length_s: float) -> Bench:
        side = -1.0 if self.style.left_handed else 1.0
        return Bench(
            work=vec(body_x, 0.2, 0),
            rim_z=0.02,
            radius=0.1,
            side=side,
            pace=self.style.pace,
            phase=phase,
            rest_lead=vec(body_x + side * 0.17, 0.05, 0.035),
            rest_other=vec(body_x - side * 0.17, 0.05, 0.035),
            tool_rest=vec(self.style.board_x + 0.14, 0.03, 0.02),
            tool=None,
            sources=(),
            source_ids=(),
            source_is_liquid=(),
            target_id="",
            from_id=None,
            from_at=None,
            from_rim_z=0.02,
            knob=vec(self.board.hob_x[0], 0.105, 0.02),
            length_s=length_s,
        )

    def _bench(self, plan: Plan) -> Bench:
        work = self._work_at(plan)
        bench = self._idle_bench(float(work[0]) * _BODY_SHARE, self._phase[plan.index], plan.step.length_s)
        rim_z, radius, knob, from_at = 0.02, 0.10, bench.knob, None
        if plan.target_id != "board":
            thing = self.board.things[plan.target_id]
            form = FORMS[thing.kind]
            rim_z = thing.at[2] + form.height
            soon_s = plan.step.start_s + 0.6 * plan.step.length_s
            level = 0.18 + 0.5 * self.board.contents(thing.thing_id, soon_s).fill
            radius = form.radius_at(form.height * level) * self.scale(thing) * 0.9
            work = work + vec(0, 0, form.height * level)
            from_at = thing.origin
            if thing.kind in HOB_FORMS:
                knob = vec(thing.at[0], 0.105, 0.02)
        from_rim_z = rim_z
        if plan.from_id is not None:
            source = self.board.things[plan.from_id]
            from_at, from_rim_z = source.origin, source.at[2] + FORMS[source.kind].height
        return replace(
            bench,
            work=work,
            rim_z=rim_z,
            radius=radius,
            tool=plan.tool,
            sources=tuple(self._source_at(plan, k) for k in range(len(plan.source_ids))),
            source_ids=plan.source_ids,
            source_is_liquid=tuple(food.form == "liquid" for food in plan.foods),
            target_id=plan.target_id,
            from_id=plan.from_id,
            from_at=from_at,
            from_rim_z=from_rim_z,
            knob=knob,
        )

    def _source_at(self, plan: Plan, number: int) -> Floats:
        """Where an ingredient is taken from: its own dish, the board, or what it was crushed in."""
        name, food = plan.step.ingredients[number], plan.foods[number]
        worked = [
            p for p in self.board.plans[: plan.index] if name in p.step.ingredients and p.target_id == "board"
        ]
        last_on_board = [p for p in self.board.plans[: plan.index] if p.target_id == "board"]
        if worked and worked[-1] is last_on_board[-1]:
            return vec(self.style.board_x + 0.05, 0.19, 0.03)
        held_in = self.board.last_place(food, plan.step.start_s)
        if held_in is not None and held_in != plan.target_id:
            thing = self.board.things[held_in]
            return thing.origin + vec(0, 0, FORMS[thing.kind].height * 0.6)
        return self.board.things[plan.source_ids[number]].origin
