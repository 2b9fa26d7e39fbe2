"""One frame of a script at one moment: the same script and time give the same picture; knows no files."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, replace

import cv2
import numpy as np

from kitchen_sim import food as looks
from kitchen_sim.backdrop import draw_backdrop, draw_board, draw_hob, draw_knob, shadow
from kitchen_sim.canvas import Camera, Canvas, Floats, Picture, vec
from kitchen_sim.fire import draw_fall, draw_flames, draw_smoke, draw_steam
from kitchen_sim.hands import draw_arm
from kitchen_sim.planning import storyboard_of
from kitchen_sim.playing import Moment, Play
from kitchen_sim.script import Script
from kitchen_sim.storyboard import Thing
from kitchen_sim.styles import Style, style_for
from kitchen_sim.things import FORMS, HOB_FORMS, SERVE_FORMS, draw_tool, draw_vessel

_LAYERS_KEPT = 6
_LARGEST_PX = 854
_SPARE_PX = 64
_Found = list[tuple[str, Floats]]


@dataclass(frozen=True)
class Box:
    """Where something is seen: shares of width and height, as shown after shaking."""

    label: str
    box: tuple[float, float, float, float]


def style_of(script: Script) -> Style:
    """The style a script is drawn in: what its seed gives, and what it says itself."""
    style = style_for(script.seed, script.style_group)
    if script.mirrored is not None:
        style = replace(style, mirrored=script.mirrored)
    if script.left_handed is not None:
        style = replace(style, left_handed=script.left_handed)
    return style


class Scene:
    """Draws any moment of a script. Frames are pure functions of the script and the time.

    Pictures are drawn at most 854 pixels wide or high and enlarged to what the script asks for.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self.style = style = style_of(script)
        self.board = storyboard_of(script, style)
        self.play = Play(self.board)
        shrink = max(1.0, max(script.width_px, script.height_px) / _LARGEST_PX)
        self.width, self.height = round(script.width_px / shrink), round(script.height_px / shrink)
        x, y, z = style.target if script.camera == "front" else (0.06, 0.24, 0.06)
        self.camera = Camera(
            style.eye[script.camera],
            (x, y + 0.02, z + 0.05),
            self.width,
            self.height,
            style.zoom,
            style.mirrored,
        )
        self._layers: OrderedDict[tuple[object, ...], tuple[Picture, _Found]] = OrderedDict()
        self._backdrop: Picture | None = None
        self._noise = self._noise_tiles()
        self._shake_phase = float(np.random.default_rng([0x5A4E, script.seed]).uniform(0, 9))

    def frame(self, time_s: float) -> Picture:
        """The picture at a moment, BGR (height, width, 3), as shown."""
        return self._filmed(self._drawn(time_s, None), time_s)

    def boxes(self, time_s: float) -> tuple[Box, ...]:
        """What is where at a moment: parts out of the picture are cut off, covered parts are not."""
        found: _Found = []
        self._drawn(time_s, found)
        warp = self._shake(time_s)
        size = np.array([self.width, self.height], dtype=np.float64)
        boxes: list[Box] = []
        for label, pixels in found:
            if warp is not None:
                pixels = pixels @ warp[:, :2].T + warp[:, 2]
            low, high = np.clip(pixels.min(0) / size, 0, 1), np.clip(pixels.max(0) / size, 0, 1)
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

    def _canvas(self, picture: Picture) -> Canvas:
        return Canvas(picture, self.camera, self.style.gain, self.style.exposure, self.style.light)

    def _drawn(self, time_s: float, found: _Found | None) -> Picture:
        moment = self.play.moment(time_s)
        lifted = {held.thing_id for held in moment.pose.held}
        things = sorted(self.board.things.values(), key=lambda t: -self.camera.depth(t.origin))
        standing = [t for t in things if t.thing_id not in lifted and t.start_s <= time_s < t.end_s]
        busy = {t.thing_id for t in standing if not self.board.is_quiet(t.thing_id, time_s)}
        picture = self._layer(standing, busy, time_s, found).copy()
        canvas = self._canvas(picture)
        self._draw_fire(canvas, time_s, lifted, found)
        for thing in standing:
            if thing.thing_id in busy:
                self._draw_inside(canvas, thing, thing.origin, None, time_s, moment, found)
        self._draw_on_board(canvas, time_s, moment, found)
        if self.script.plating == "poor":
            self._draw_poor_plating(canvas, time_s)
        self._draw_people(canvas, moment, time_s, found)
        for thing in standing:
            if thing.kind in HOB_FORMS or thing.kind in SERVE_FORMS:
                inside = self.board.contents(thing.thing_id, time_s)
                if inside.fill > 0.03:
                    top = thing.origin + vec(0, 0, FORMS[thing.kind].height)
                    hot = inside.heat if thing.kind in HOB_FORMS else 0.45
                    smoke = self.board.smoke(thing.thing_id, time_s)
                    # What burns is dry: its steam gives way to smoke.
                    draw_steam(canvas, top, hot * (1 - smoke), time_s, self.script.seed)
                    draw_smoke(canvas, top, smoke, time_s, self.script.seed)
        return picture

    def _layer(self, standing: list[Thing], busy: set[str], time_s: float, found: _Found | None) -> Picture:
        """Everything that stands still, from a small store of such layers."""
        key = tuple(
            (t.thing_id, t.thing_id in busy or self.board.changes(t.thing_id, time_s)) for t in standing
        )
        if key in self._layers:
            self._layers.move_to_end(key)
            picture, seen = self._layers[key]
            if found is not None:
                found += seen
            return picture
        if self._backdrop is None:
            self._backdrop = np.empty((self.height, self.width, 3), np.uint8)
            draw_backdrop(self._canvas(self._backdrop), self.style)
        picture = self._backdrop.copy()
        canvas = self._canvas(picture)
        seen = [
            ("stove", draw_hob(canvas, self.style, self.board.hob_x)),
            ("board", draw_board(canvas, self.style)),
        ]
        for k, kind in enumerate(("knife", "spoon", "turner")):
            at = vec(self.style.board_x - 0.02, 0.055 - 0.036 * k, 0.008)
            seen.append((kind, draw_tool(canvas, self.style, kind, at, at + vec(0.15, 0.012 * k, 0.0))))
        side = -1.0 if self.style.left_handed else 1.0
        for thing in standing:
            if thing.at[2] < 0.03:
                shadow(canvas, thing.origin, FORMS[thing.kind].profile[0][0] * 1.2)
            salt = len(thing.thing_id)
            pixels = draw_vessel(canvas, self.style, thing.kind, thing.origin, salt=salt, handle_x=side)
            seen.append((thing.label if thing.food is None else "container", pixels))
            if thing.thing_id not in busy:
                settled_s = self.board.settled_since(thing.thing_id, time_s)
                self._draw_inside(canvas, thing, thing.origin, None, settled_s, None, seen)
        if found is not None:
            found += seen
        self._layers[key] = picture, seen
        if len(self._layers) > _LAYERS_KEPT:
            self._layers.popitem(last=False)
        return picture

    def _draw_fire(self, canvas: Canvas, time_s: float, lifted: set[str], found: _Found | None) -> None:
        level, burning = self.board.flame_level(time_s), self.board.burning_thing(time_s)
        at_x = None if burning is None else self.board.things[burning].at[0]
        for x in self.board.hob_x:
            draw_knob(canvas, vec(x, 0.108, 0.018), level if x == at_x else 0.0)
        if burning is None or level <= 0.02:
            return
        thing = self.board.things[burning]
        bare = burning in lifted
        base_r = FORMS[thing.kind].profile[0][0] * self.play.scale(thing)
        burner = vec(thing.at[0], thing.at[1], 0.048)
        pixels = draw_flames(canvas, burner, base_r, level, time_s, self.style.yellow_flame, bare)
        if found is not None:
            found.append(("flame", pixels))

    def _draw_inside(
        self,
        canvas: Canvas,
        thing: Thing,
        origin: Floats,
        frame: Floats | None,
        time_s: float,
        moment: Moment | None,
        found: _Found | None,
    ) -> None:
        inside = self.board.contents(thing.thing_id, time_s)
        form, scale = FORMS[thing.kind], self.play.scale(thing)
        if inside.fill < 0.02:
            return
        plan = moment.plan if moment is not None and moment.plan is not None else None
        worked = moment is not None and plan is not None and plan.target_id == thing.thing_id
        extra = moment.pose.extra if moment is not None and worked else {}
        spin = self.play.spun(thing.thing_id, time_s, moment) if moment is not None else 0.0
        pixels = looks.draw_contents(
            canvas, inside, form, scale, origin, frame, time_s, spin, self.script.seed, extra.get("jump", 0.0)
        )
        if found is not None and thing.food is not None and len(pixels):
            found.append((thing.label, pixels))
        if plan is not None and worked and plan.motion in ("flip", "spread"):
            dough = plan.foods[0] if plan.foods else looks.ordinary("dough")
            cooked = 1 - math.exp(-self.board.hot_seconds(thing.thing_id, plan.step.start_s, time_s) / 12)
            middle = origin + vec(0, 0, form.height * 0.35)
            looks.draw_pancake(
                canvas,
                middle,
                form.radius_at(form.height * 0.3) * scale * 0.8,
                dough,
                cooked,
                extra,
                inside.scorched,
            )

    def _draw_on_board(self, canvas: Canvas, time_s: float, moment: Moment, found: _Found | None) -> None:
        begun = [p for p in self.board.plans if p.target_id == "board" and p.step.start_s <= time_s + 1e-6]
        if not begun:
            return
        plan = begun[-1]
        under_way = moment.plan is plan
        foods = plan.foods or (looks.ordinary("dough"),)
        if not under_way:
            later = [a for a in self.board.additions if a.food in foods and a.start_s >= plan.step.end_s]
            if later and all(time_s > a.end_s for a in later):
                return
        extra = moment.pose.extra if under_way else {"done": 1.0}
        side = -1.0 if self.style.left_handed else 1.0
        middle = vec(self.style.board_x, 0.19, 0.019)
        pixels = looks.draw_board_work(
            canvas, middle, foods, plan.motion, extra, side, self.script.seed + plan.index
        )
        if found is not None and len(pixels):
            found.append((plan.step.ingredients[0] if plan.step.ingredients else "dough", pixels))

    def _draw_poor_plating(self, canvas: Canvas, time_s: float) -> None:
        served = [
            p for p in self.board.plans if p.motion in ("strain", "plate", "serve", "garnish", "arrange")
        ]
        for plan in served[-1:]:
            filled = any(t.target_id == plan.target_id and t.end_s <= time_s for t in self.board.transfers)
            if (filled or plan.step.start_s <= time_s) and plan.target_id in self.board.things:
                thing = self.board.things[plan.target_id]
                inside = self.board.contents(thing.thing_id, time_s)
                looks.draw_poor_plating(canvas, thing.origin, FORMS[thing.kind], inside, self.script.seed)

    def _draw_people(self, canvas: Canvas, moment: Moment, time_s: float, found: _Found | None) -> None:
        """What the hands hold, what falls from it, and both arms before it, the far arm first."""
        pose, style, plan = moment.pose, self.style, moment.plan
        side = -1.0 if style.left_handed else 1.0
        seen: _Found = []
        for held in pose.held:
            known = self.board.things.get(held.thing_id)
            kind = known.kind if known is not None else held.thing_id
            pixels = draw_vessel(canvas, style, kind, held.origin, held.frame, handle_x=side)
            seen.append(
                (kind if known is None else known.label if known.food is None else "container", pixels)
            )
            if known is not None:
                self._draw_inside(canvas, known, held.origin, held.frame, time_s, None, seen)
        arms = [
            (pose.lead, side, pose.lead_curl, pose.lead_twist, pose.tool, pose.tip, pose.tool_roll),
            (pose.other, -side, pose.other_curl, 0.0, pose.other_tool, pose.other_tip, 0.0),
        ]
        arms.sort(key=lambda arm: -self.camera.depth(arm[0]))
        for hand, _, _, _, tool, tip, roll in arms:
            if tool is not None and tip is not None:
                seen.append((tool, draw_tool(canvas, style, tool, hand, tip, roll)))
        for fall in pose.falls:
            foods = plan.foods if plan is not None else ()
            colour: tuple[float, float, float] | None = None
            if plan is not None and plan.from_id is not None:
                colour = self.board.contents(plan.from_id, plan.step.start_s).colour
            food = foods[fall.food] if fall.food < len(foods) else looks.ordinary("water")
            draw_fall(canvas, fall, food, time_s, colour)
        for hand, which, curl, twist, *_ in arms:
            seen.append(("hand", draw_arm(canvas, style, hand, which, moment.body_x, curl, twist)))
        if found is not None:
            found += seen

    def _noise_tiles(self) -> tuple[Picture, Picture]:
        """What the grain adds and what it takes, a little larger than the picture so that it can be moved."""
        rng = np.random.default_rng([0x4015E, self.script.seed])
        shape = (self.height + _SPARE_PX, self.width + _SPARE_PX)
        grain = np.clip(rng.normal(0, self.style.noise, shape), -40, 40)
        return (
            cv2.merge([np.clip(grain, 0, 255).astype(np.uint8)] * 3),
            cv2.merge([np.clip(-grain, 0, 255).astype(np.uint8)] * 3),
        )

    def _shake(self, time_s: float) -> Floats | None:
        """How the picture is moved (2 x 3, pixels), slightly enlarged so that no edge shows."""
        amount = self.style.shake_px * self.width / 640
        if amount <= 0:
            return None
        phase = self._shake_phase
        dx = amount * (math.sin(5.1 * time_s + phase) + 0.6 * math.sin(11.3 * time_s + 2 * phase))
        dy = amount * (math.sin(4.3 * time_s + 3 * phase) + 0.6 * math.sin(9.7 * time_s + phase))
        angle = 0.0009 * self.style.shake_px * math.sin(2.3 * time_s + phase)
        c, s = math.cos(angle) * 1.012, math.sin(angle) * 1.012
        cx, cy = self.width / 2, self.height / 2
        return np.array([[c, -s, cx - c * cx + s * cy + dx], [s, c, cy - s * cx - c * cy + dy]])

    def _filmed(self, picture: Picture, time_s: float) -> Picture:
        """The picture as a phone takes it: shaken, a little blurred, and grainy."""
        size = (self.width, self.height)
        warp = self._shake(time_s)
        if warp is not None:
            picture = cv2.warpAffine(
                picture, warp, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
        if self.style.blur_px > 0:
            picture = cv2.GaussianBlur(picture, (3, 3), self.style.blur_px * self.width / 640)
        number = round(time_s * 1000)
        dx, dy = (number * 2654435761 >> 7) % _SPARE_PX, (number * 40503 >> 3) % _SPARE_PX
        plus, minus = (tile[dy : dy + self.height, dx : dx + self.width] for tile in self._noise)
        picture = cv2.subtract(cv2.add(picture, plus), minus)
        if size != (self.script.width_px, self.script.height_px):
            wanted = (self.script.width_px, self.script.height_px)
            picture = cv2.resize(picture, wanted, interpolation=cv2.INTER_LINEAR)
        return picture
