"""A small tea, as plain rows of steps."""

from typing import Any

import yaml

CHAI: list[dict[str, Any]] = yaml.safe_load("""
- {step_id: crush, action: crush, objects: [mortar], ingredients: [ginger, cardamom], min_s: 4, max_s: 20}
- {step_id: pour-water, action: pour, objects: [saucepan], ingredients: [water], min_s: 3, max_s: 10}
- {step_id: boil, action: boil, objects: [saucepan], ingredients: [water], min_s: 6, max_s: 20, heat: high,
   must_come_after: [pour-water]}
- {step_id: spice, action: add, objects: [saucepan], ingredients: [ginger, cardamom], min_s: 4, max_s: 12,
   must_come_after: [crush, pour-water]}
- {step_id: tea, action: add, objects: [saucepan], ingredients: [tea-leaves], min_s: 3, max_s: 10,
   must_come_after: [boil]}
- {step_id: simmer, action: simmer, objects: [saucepan], ingredients: [tea-leaves], min_s: 6, max_s: 20,
   heat: medium, must_come_after: [tea, spice]}
- {step_id: milk, action: pour, objects: [saucepan], ingredients: [milk], min_s: 3, max_s: 10,
   must_come_after: [simmer]}
- {step_id: strain, action: strain, objects: [strainer, saucepan, cup], min_s: 4, max_s: 12,
   must_come_after: [milk]}
""")
