// Plain English for measuring how well a candidate wiring reads. Written for this purpose; any prose would do.

export const proofText =
  `The river rises in the hills above the town and runs for about forty miles before it reaches
the sea. In winter, when the snow melts, it often floods the fields on both sides, and the farmers move their sheep to
higher ground. In summer it is so low that children can walk across it without getting their knees wet. There has been
a mill beside the old stone bridge for more than three hundred years. It used to grind wheat for the whole valley, but
today it is a museum, and visitors can buy bread that is baked in the same oven as before.

Most people who live here work in the nearby city. They leave early in the morning by train and come back in the
evening. On Saturdays there is a market in the main square, where you can find fresh vegetables, cheese, flowers and
second-hand books. The library, which stands next to the town hall, was built by a rich merchant who had no children
of his own and wanted to leave something useful behind. He asked only that it should be open to everyone, and that
nobody should ever have to pay for reading.

When the weather is clear, you can see the lighthouse from the top of the church tower. It was the first in the
country to use electric light. The keeper once wrote in his diary that the hardest part of the work was not the storms
but the long, quiet nights, when there was nothing to do except watch the dark water and wait for the sun to rise.`.replaceAll(
    "\n",
    " ",
  );
