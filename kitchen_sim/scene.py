"""One frame of a script at one moment: the same script and time give the same picture; knows no files."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, replace

import cv2
import numpy as np

from kitchen_sim.backdrop import draw_backdrop, draw_board, draw_hob, draw_knob, shadow
from kitchen_sim.canvas import Camera, Canvas, Floats, Picture, turned, vec
from kitchen_sim.food import (
    draw_board_work,
    draw_contents,
    draw_fall,
    draw_flames,
    draw_pancake,
    draw_poor_plating,
    draw_steam,
    ordinary,
)
from kitchen_sim.hands import draw_arm
from kitchen_sim.motions import MOTIONS, Bench, Pose, idle
from kitchen_sim.script import Script
from kitchen_sim.storyboard import HOB_Z, Plan, Storyboard, Thing
from kitchen_sim.styles import Style, style_for
from kitchen_sim.things import FORMS, HOB_FORMS, draw_tool, draw_vessel

_BLEND_S = 0.45
_BODY_SHARE = 0.62
_LAYERS_KEPT = 6
_LARGEST_PX = 1280


@dataclass(frozen=True)
class Box:
    """Where something is seen: shares of width and height, as shown after shaking."""

    label: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Moment:
    """The hands at one moment: the pose, where the body leans, and the plan under way, if any."""

    pose: Pose
    body_x: float
    plan: Plan | None
    time_in_s: float


class Scene:
    """Draws any moment of a script. Frames are pure functions of the script and the time."""

    def __init__(self, script: Script) -> None:
        style = style_for(script.seed, script.style_group)
        if script.mirrored is not None:
            style = replace(style, mirrored=script.mirrored)
        if script.left_handed is not None:
            style = replace(style, left_handed=script.left_handed)
        self.script, self.style = script, style
        self.board = Storyboard(script, style)
        shrink = max(1.0, max(script.width_px, script.height_px) / _LARGEST_PX)
        self.width, self.height = round(script.width_px / shrink), round(script.height_px / shrink)
        eye, target = style.eye[script.camera], style.target
        if script.camera == "side":
            target = (0.06, 0.24, 0.06)
        self.camera = Camera(
            eye,
            (target[0], target[1] + 0.02, target[2] + 0.05),
            self.width,
            self.height,
            style.zoom,
            style.mirrored,
        )
        self._layers: OrderedDict[tuple[str, ...], Picture] = OrderedDict()
        self._rng_phase = [
            float(x) for x in np.random.default_rng([0xFA5E, script.seed]).random(len(script.steps) * 2 + 2)
        ]
        self._noise = self._noise_tiles()
        self._backdrop: Picture | None = None
        self._segments = self._timeline()
        self._spun = self._spins()

    def frame(self, time_s: float) -> Picture:
        """The picture at a moment, BGR (height, width, 3), as shown."""
        picture, _ = self._draw(time_s, None)
        return self._filmed(picture, time_s)

    def boxes(self, time_s: float) -> tuple[Box, ...]:
        """What can be seen where at a moment; parts out of the picture are cut off, hidden parts are not."""
        found: list[tuple[str, Floats]] = []
        self._draw(time_s, found)
        warp = self._shake(time_s)
        size = np.array([self.width, self.height], dtype=np.float64)
        boxes: list[Box] = []
        for label, pixels in found:
            if warp is not None:
                pixels = pixels @ warp[:, :2].T + warp[:, 2]
            low = np.clip(pixels.min(0) / size, 0, 1)
            high = np.clip(pixels.max(0) / size, 0, 1)
            if (high - low).min() > 0.004:
                x0, y0, x1, y1 = (round(float(v), 4) for v in (*low, *high))
                boxes.append(Box(label, (x0, y0, x1, y1)))
        return tuple(boxes)

    def flame(self, time_s: float) -> tuple[str, float]:
        """(off, blue or yellow; level 0 to 1) as drawn at a moment."""
        level = self.board.flame_level(time_s)
        if level <= 0.02 or self.board.burning_thing(time_s) is None:
            return "off", 0.0
        return ("yellow" if self.style.yellow_flame else "blue"), round(level, 4)

    def _timeline(self) -> list[tuple[float, float, int | None]]:
        out: list[tuple[float, float, int | None]] = []
        at_s = 0.0
        for index, step in enumerate(self.script.steps):
            if step.start_s > at_s + 1e-6:
                out.append((at_s, step.start_s, None))
            out.append((step.start_s, step.end_s, index))
            at_s = step.end_s
        if self.script.duration_s + 1 > at_s:
            out.append((at_s, self.script.duration_s + 1, None))
        return out

    def _spins(self) -> list[float]:
        """How far earlier stirring has turned what is in each step's vessel."""
        turned_by: dict[str, float] = {}
        out: list[float] = []
        for plan in self.board.plans:
            out.append(turned_by.get(plan.target_id, 0.0))
            spin = self._motion_pose(plan, plan.step.length_s).extra.get("spin", 0.0)
            turned_by[plan.target_id] = out[-1] + spin
        return out

    def moment(self, time_s: float) -> Moment:
        """The hands at a moment, eased over from what they did before."""
        number = next(
            (k for k, s in enumerate(self._segments) if s[0] - 1e-6 <= time_s < s[1] - 1e-6),
            len(self._segments) - 1,
        )
        now = self._segment_moment(number, time_s)
        since = time_s - self._segments[number][0]
        if number == 0 or since >= _BLEND_S:
            return now
        before = self._segment_moment(number - 1, self._segments[number - 1][1])
        share = since / _BLEND_S
        share = share * share * (3 - 2 * share)
        lead = before.pose.lead + (now.pose.lead - before.pose.lead) * share
        other = before.pose.other + (now.pose.other - before.pose.other) * share
        tip, other_tip = now.pose.tip, now.pose.other_tip
        pose = replace(
            now.pose,
            lead=lead,
            other=other,
            lead_curl=before.pose.lead_curl + (now.pose.lead_curl - before.pose.lead_curl) * share,
            tip=None if tip is None else tip + lead - now.pose.lead,
            other_tip=None if other_tip is None else other_tip + other - now.pose.other,
        )
        if now.pose.tool == "lid":
            pose = replace(pose, tip=tip)
        return replace(now, pose=pose, body_x=before.body_x + (now.body_x - before.body_x) * share)

    def _segment_moment(self, number: int, time_s: float) -> Moment:
        start_s, end_s, index = self._segments[number]
        since = min(max(0.0, time_s - start_s), end_s - start_s)
        if index is None:
            near = next((s[2] for s in reversed(self._segments[:number]) if s[2] is not None), None)
            body = 0.0 if near is None else self._work_at(self.board.plans[near])[0] * _BODY_SHARE
            bench = self._bench(None, body, self._rng_phase[number % len(self._rng_phase)])
            return Moment(idle(since, end_s - start_s, bench), body, None, since)
        plan = self.board.plans[index]
        return Moment(self._motion_pose(plan, since), self._work_at(plan)[0] * _BODY_SHARE, plan, since)

    def _motion_pose(self, plan: Plan, since_s: float) -> Pose:
        body = self._work_at(plan)[0] * _BODY_SHARE
        bench = self._bench(plan, body, self._rng_phase[plan.index])
        return MOTIONS[plan.motion](since_s, plan.step.length_s, bench)

    def _work_at(self, plan: Plan) -> Floats:
        if plan.target_id == "board":
            return vec(self.style.board_x, 0.19, 0.022)
        return self.board.things[plan.target_id].origin

    def _scale(self, thing: Thing) -> float:
        return self.style.vessel_scale if thing.kind in HOB_FORMS else 1.0

    def _bench(self, plan: Plan | None, body_x: float, phase: float) -> Bench:
        side = -1.0 if self.style.left_handed else 1.0
        rest_lead, rest_other = vec(body_x + side * 0.17, 0.05, 0.035), vec(body_x - side * 0.17, 0.05, 0.035)
        tool_rest = vec(-0.10, 0.30, 0.02)
        knob = vec(self.board.hob_x[0], 0.105, 0.02)
        if plan is None:
            return Bench(
                vec(body_x, 0.2, 0),
                0,
                0.1,
                side,
                self.style.pace,
                phase,
                rest_lead,
                rest_other,
                tool_rest,
                None,
                (),
                (),
                (),
                "",
                None,
                None,
                0.0,
                knob,
            )
        work, rim_z, radius = self._work_at(plan), 0.02, 0.10
        if plan.target_id != "board":
            thing = self.board.things[plan.target_id]
            form, scale = FORMS[thing.kind], self._scale(thing)
            rim_z = thing.at[2] + form.height
            level = (
                0.18
                + 0.5 * self.board.contents(thing.thing_id, plan.step.start_s + 0.6 * plan.step.length_s).fill
            )
            radius = form.radius_at(form.height * level) * scale * 0.9
            work = work + vec(0, 0, form.height * level)
            knob = vec(self._burner_x(thing), 0.105, 0.02) if thing.kind in HOB_FORMS else knob
        from_at, from_rim = None, rim_z
        if plan.from_id is not None:
            source = self.board.things[plan.from_id]
            from_at, from_rim = source.origin, source.at[2] + FORMS[source.kind].height
        elif plan.target_id != "board":
            from_at = self.board.things[plan.target_id].origin
        sources = [self.board.things[i].origin for i in plan.source_ids]
        cut = [self._cut_on_board(i.removeprefix("of:"), plan.step.start_s) for i in plan.source_ids]
        sources = [
            vec(self.style.board_x + 0.05, 0.19, 0.03) if c else s for s, c in zip(sources, cut, strict=True)
        ]
        return Bench(
            work, rim_z, radius, side, self.style.pace, phase, rest_lead, rest_other, tool_rest, plan.tool, tuple(sources), plan.source_ids,
            tuple(f.form == "liquid" for f in plan.foods), plan.target_id, plan.from_id, from_at, from_rim, knob,
        )  # fmt: skip

    def _cut_on_board(self, ingredient: str, before_s: float) -> bool:
        last = [p for p in self.board.plans if p.target_id == "board" and p.step.end_s <= before_s + 1e-6]
        return bool(last) and ingredient in last[-1].step.ingredients

    def _burner_x(self, thing: Thing) -> float:
        return thing.at[0]

    def _draw(self, time_s: float, found: list[tuple[str, Floats]] | None) -> tuple[Picture, Canvas]:
        moment = self.moment(time_s)
        pose, plan = moment.pose, moment.plan
        gone = {held.thing_id for held in pose.held}
        standing = [
            t for t in self.board.things.values() if t.thing_id not in gone and t.start_s <= time_s < t.end_s
        ]
        picture = self._static_layer(standing, found).copy()
        canvas = self._canvas(picture)
        level = self.board.flame_level(time_s)
        burning = self.board.burning_thing(time_s)
        for x in self.board.hob_x:
            lit = burning is not None and abs(self._burner_x(self.board.things[burning]) - x) < 1e-6
            draw_knob(canvas, self.style, vec(x, 0.108, 0.018), level if lit else 0.0)
        if burning is not None and level > 0.02:
            thing = self.board.things[burning]
            lifted = burning in gone
            base = FORMS[thing.kind].profile[0][0] * self._scale(thing)
            pixels = draw_flames(
                canvas,
                vec(thing.at[0], thing.at[1], 0.048),
                0.045 if lifted else base,
                level,
                time_s,
                self.style.yellow_flame,
                lifted,
            )
            if found is not None:
                found.append(("flame", pixels))
        spin = 0.0
        for thing in sorted(standing, key=lambda t: -self.camera.depth(t.origin)):
            turned_by = 0.0
            if plan is not None and thing.thing_id == plan.target_id:
                spin = pose.extra.get("spin", 0.0)
                turned_by = self._spun[plan.index] + spin
            else:
                turned_by = self._spun_until(thing.thing_id, time_s)
            self._draw_inside(canvas, thing, thing.origin, None, time_s, turned_by, pose, plan, found)
        self._draw_on_board(canvas, time_s, moment, found)
        if self.script.plating == "poor":
            self._draw_poor(canvas, time_s)
        self._draw_people(canvas, moment, time_s, found)
        for thing in standing:
            inside = (
                self.board.contents(thing.thing_id, time_s)
                if thing.kind in HOB_FORMS or thing.kind in ("cup", "plate", "serving-bowl")
                else None
            )
            if inside is not None and inside.fill > 0.03:
                hot = inside.heat if thing.kind in HOB_FORMS else 0.45
                draw_steam(
                    canvas, thing.origin + vec(0, 0, FORMS[thing.kind].height), hot, time_s, self.script.seed
                )
        return picture, canvas

    def _spun_until(self, thing_id: str, time_s: float) -> float:
        total = 0.0
        for plan in self.board.plans:
            if plan.target_id == thing_id and plan.step.end_s <= time_s + 1e-6:
                total = self._spun[plan.index] + self._motion_pose(plan, plan.step.length_s).extra.get(
                    "spin", 0.0
                )
        return total

    def _canvas(self, picture: Picture) -> Canvas:
        return Canvas(picture, self.camera, self.style.gain, self.style.exposure, self.style.light)

    def _static_layer(self, standing: list[Thing], found: list[tuple[str, Floats]] | None) -> Picture:
        key = tuple(sorted(t.thing_id for t in standing))
        if found is None and key in self._layers:
            self._layers.move_to_end(key)
            return self._layers[key]
        if self._backdrop is None:
            self._backdrop = np.empty((self.height, self.width, 3), np.uint8)
            draw_backdrop(self._canvas(self._backdrop), self.style)
        picture = self._backdrop.copy()
        canvas = self._canvas(picture)
        hob = draw_hob(canvas, self.style, self.board.hob_x)
        board = draw_board(canvas, self.style)
        if found is not None:
            found += [("stove", hob), ("board", board)]
        for k, kind in enumerate(("knife", "spoon", "turner")):
            at = vec(-0.115 + 0.042 * k, 0.24, 0.008)
            draw_tool(canvas, self.style, kind, at, at + vec(0.02, 0.15, 0.0))
        for thing in sorted(standing, key=lambda t: -self.camera.depth(t.origin)):
            if thing.at[2] < 0.03:
                shadow(canvas, thing.origin, FORMS[thing.kind].profile[0][0] * 1.2)
            handle = (
                -1.0
                if thing.at[0] < self.style.hob_x and thing.kind in HOB_FORMS and self.style.left_handed
                else 1.0
            )
            pixels = draw_vessel(
                canvas, self.style, thing.kind, thing.origin, salt=len(thing.thing_id), handle_x=handle
            )
            if found is not None:
                found.append((thing.label if thing.food is None else "container", pixels))
        if found is None:
            self._layers[key] = picture
            if len(self._layers) > _LAYERS_KEPT:
                self._layers.popitem(last=False)
        return picture

    def _draw_inside(
        self,
        canvas: Canvas,
        thing: Thing,
        origin: Floats,
        frame: Floats | None,
        time_s: float,
        spin: float,
        pose: Pose,
        plan: Plan | None,
        found: list[tuple[str, Floats]] | None,
    ) -> None:
        inside = self.board.contents(thing.thing_id, time_s)
        form, scale = FORMS[thing.kind], self._scale(thing)
        if inside.fill < 0.02:
            return
        pixels = draw_contents(
            canvas,
            inside,
            form,
            scale,
            origin,
            frame,
            time_s,
            spin,
            self.script.seed,
            pose.extra.get("jump", 0.0) if plan is not None and plan.target_id == thing.thing_id else 0.0,
        )
        if found is not None and thing.food is not None and len(pixels):
            found.append((thing.label, pixels))
        if plan is not None and plan.target_id == thing.thing_id and plan.motion in ("flip", "spread"):
            radius = form.radius_at(form.height * 0.3) * scale
            food = plan.foods[0] if plan.foods else ordinary("dough")
            done = 1 - math.exp(-self.board.hot_seconds(thing.thing_id, plan.step.start_s, time_s) / 12)
            draw_pancake(canvas, origin + vec(0, 0, form.height * 0.35), radius * 0.8, food, done, pose.extra)

    def _draw_on_board(
        self, canvas: Canvas, time_s: float, moment: Moment, found: list[tuple[str, Floats]] | None
    ) -> None:
        last = [p for p in self.board.plans if p.target_id == "board" and p.step.start_s <= time_s + 1e-6]
        if not last:
            return
        plan = last[-1]
        under_way = moment.plan is plan
        foods = plan.foods or (ordinary("dough"),)
        if not under_way:
            used = [a for a in self.board.additions if a.food in foods and a.start_s >= plan.step.end_s]
            if used and all(time_s > a.end_s for a in used):
                return
        extra = (
            moment.pose.extra
            if under_way
            else {"done": 1.0, "flat": 1.0 if plan.motion in ("roll", "fold") else 0.0}
        )
        side = -1.0 if self.style.left_handed else 1.0
        pixels = draw_board_work(
            canvas,
            vec(self.style.board_x, 0.19, 0.019),
            foods,
            plan.motion,
            extra,
            side,
            self.script.seed + plan.index,
        )
        if found is not None and len(pixels):
            label = plan.step.ingredients[0] if plan.step.ingredients else "dough"
            found.append((label, pixels))

    def _draw_poor(self, canvas: Canvas, time_s: float) -> None:
        served = [
            p for p in self.board.plans if p.motion in ("strain", "plate", "serve", "garnish", "arrange")
        ]
        for plan in served[-1:]:
            done = [t for t in self.board.transfers if t.target_id == plan.target_id and t.end_s <= time_s]
            if (done or plan.step.start_s <= time_s) and plan.target_id in self.board.things:
                thing = self.board.things[plan.target_id]
                inside = self.board.contents(thing.thing_id, time_s)
                draw_poor_plating(canvas, thing.origin, FORMS[thing.kind], inside, self.script.seed)

    def _draw_people(
        self, canvas: Canvas, moment: Moment, time_s: float, found: list[tuple[str, Floats]] | None
    ) -> None:
        pose, style = moment.pose, self.style
        side = -1.0 if style.left_handed else 1.0
        for held in pose.held:
            known = self.board.things.get(held.thing_id)
            kind = known.kind if known else held.thing_id
            pixels = draw_vessel(canvas, style, kind, held.origin, held.frame, handle_x=side)
            if known is not None:
                self._draw_inside(canvas, known, held.origin, held.frame, time_s, 0.0, pose, None, None)
            if found is not None:
                found.append(
                    (known.label if known and known.food is None else "container" if known else kind, pixels)
                )
        for fall in pose.falls:
            foods = moment.plan.foods if moment.plan is not None else ()
            food = foods[fall.food] if fall.food < len(foods) else ordinary("water")
            colour: tuple[float, float, float] | None = None
            if moment.plan is not None and moment.plan.from_id is not None:
                colour = self.board.contents(moment.plan.from_id, moment.plan.step.start_s).colour
            draw_fall(canvas, fall, food, time_s, colour)
        order = [
            (pose.lead, side, pose.lead_curl, pose.lead_twist, True),
            (pose.other, -side, pose.other_curl, 0.0, False),
        ]
        order.sort(key=lambda hand: -self.camera.depth(hand[0]))
        for hand, which, curl, twist, leading in order:
            tool, tip, roll = (
                (pose.tool, pose.tip, pose.tool_roll) if leading else (pose.other_tool, pose.other_tip, 0.0)
            )
            if tool is not None and tip is not None:
                grip = pose.other if tool == "rolling-pin" and False else hand
                pixels = draw_tool(canvas, style, tool, grip, tip, roll)
                if found is not None:
                    found.append((tool, pixels))
            pixels = draw_arm(canvas, style, hand, which, moment.body_x, curl, twist)
            if found is not None:
                found.append(("hand", pixels))

    def _noise_tiles(self) -> list[Picture]:
        rng = np.random.default_rng([0x4015E, self.script.seed])
        shape = (self.height + 64, self.width + 64)
        grain = np.clip(rng.normal(0, self.style.noise, shape), -40, 40).astype(np.int16)
        return [np.clip(grain, 0, 255).astype(np.uint8), np.clip(-grain, 0, 255).astype(np.uint8)]

    def _shake(self, time_s: float) -> Floats | None:
        amount = self.style.shake_px * self.width / 640
        if amount <= 0:
            return None
        phase = self._rng_phase[-1] * 9
        dx = amount * (math.sin(5.1 * time_s + phase) + 0.6 * math.sin(11.3 * time_s + 2 * phase))
        dy = amount * (math.sin(4.3 * time_s + 3 * phase) + 0.6 * math.sin(9.7 * time_s + phase))
        angle = 0.0009 * self.style.shake_px * math.sin(2.3 * time_s + phase)
        c, s = math.cos(angle) * 1.012, math.sin(angle) * 1.012
        cx, cy = self.width / 2, self.height / 2
        return np.array([[c, -s, cx - c * cx + s * cy + dx], [s, c, cy - s * cx - c * cy + dy]])

    def _filmed(self, picture: Picture, time_s: float) -> Picture:
        """The picture as a phone takes it: shaken, a little blurred, noisy, with lights that breathe."""
        warp = self._shake(time_s)
        if warp is not None:
            picture = cv2.warpAffine(
                picture,
                warp,
                (self.width, self.height),
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
        if self.style.blur_px > 0:
            picture = cv2.GaussianBlur(picture, (3, 3), self.style.blur_px * self.width / 640)
        number = round(time_s * 1000)
        ox, oy = (number * 2654435761 >> 7) % 64, (number * 40503 >> 3) % 64
        plus, minus = (tile[oy : oy + self.height, ox : ox + self.width] for tile in self._noise)
        picture = cv2.subtract(cv2.add(picture, cv2.merge([plus] * 3)), cv2.merge([minus] * 3))
        if (self.width, self.height) != (self.script.width_px, self.script.height_px):
            picture = cv2.resize(
                picture, (self.script.width_px, self.script.height_px), interpolation=cv2.INTER_LINEAR
            )
        return picture


__all__ = ["HOB_Z", "Box", "Moment", "Scene", "Style", "turned"]
