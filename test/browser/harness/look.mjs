/**
 * Runs in the page, as a plain script: draws cards with the `adaptivecards` renderer below each other and says what is
 * to be seen of each, in the shape of `Seen` in studio.ts.
 */
/* global AdaptiveCards, document, getComputedStyle, NodeFilter -- the page's */
globalThis.drawAndLook = ({ cards, config, widthPx }) => {
  const SLACK_PX = 1;
  // As much Markdown as Teams renders in a TextBlock; a run must never come here.
  AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
    const escaped = text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
    result.outputHtml = escaped
      .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
      .replace(/(?<![\w])_([^_]+)_(?![\w])/g, '<em>$1</em>')
      .replace(/\[([^\]]*)\]\(([^)\s]*)\)/g, '<a href="$2">$1</a>');
    result.didProcess = true;
  };
  const colourOf = (css) => {
    const [red = 0, green = 0, blue = 0, alpha = 1] = (/\(([^)]*)\)/.exec(css)?.[1] ?? '').split(/[\s,/]+/).map(Number);
    return [red, green, blue, alpha];
  };
  const over = (top, bottom) => [0, 1, 2].map((at) => (top[at] ?? 0) * top[3] + (bottom[at] ?? 0) * (1 - top[3])).concat(1);
  const backgroundOf = (element) => {
    if (element === null) return [255, 255, 255, 1];
    const own = colourOf(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, backgroundOf(element.parentElement));
  };
  const luminance = (colour) => {
    const [red = 0, green = 0, blue = 0] = colour.slice(0, 3).map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrastOf = (element) => {
    const background = backgroundOf(element);
    const [lighter = 0, darker = 0] = [luminance(over(colourOf(getComputedStyle(element).color), background)), luminance(background)].sort((one, other) => other - one);
    return (lighter + 0.05) / (darker + 0.05);
  };
  const shown = (text) => (text ?? '').replace(/\s+/g, ' ').trim();

  document.body.replaceChildren();
  const drawn = cards.map(({ name, content }) => {
    const frame = document.createElement('div');
    frame.className = 'frame';
    frame.id = `card-${name}`;
    frame.style.width = `${widthPx}px`;
    document.body.append(frame);
    const card = new AdaptiveCards.AdaptiveCard();
    card.hostConfig = new AdaptiveCards.HostConfig(config);
    card.parse(content);
    const root = card.render();
    if (root === undefined) throw new Error(`${name} was not rendered`);
    frame.append(root);
    return { name, frame, root };
  });
  // All drawn before anything is measured: each look at a page that has changed lays it out anew.
  return drawn.map(({ name, frame, root }) => {
    const texts = [];
    const overflowing = [];
    const right = frame.getBoundingClientRect().right + SLACK_PX;
    for (const element of root.querySelectorAll('*')) if (element.getBoundingClientRect().right > right) overflowing.push(`<${element.className}> ${shown(element.textContent).slice(0, 60)}`);
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (shown(node.textContent) === '' || parent === null) continue;
      const style = getComputedStyle(parent);
      const sizePx = Number.parseFloat(style.fontSize);
      texts.push({ text: shown(node.textContent), contrast: contrastOf(parent), large: sizePx >= 24 || (sizePx >= 18.66 && Number(style.fontWeight) >= 700) });
      const range = document.createRange();
      range.selectNodeContents(node);
      // Text may fit the card and still run over its neighbour.
      const column = parent.closest('[role="cell"], [role="columnheader"], .ac-columnSet > *, button') ?? frame;
      const edge = column.getBoundingClientRect().right + SLACK_PX;
      if ([...range.getClientRects()].some((rect) => rect.right > edge)) overflowing.push(`text ${shown(node.textContent).slice(0, 60)}`);
    }
    const first = root.querySelector('.ac-container');
    const nameOf = (element) => shown(element.getAttribute('aria-label') ?? element.textContent);
    return {
      name,
      text: shown(root.innerText),
      texts,
      overflowing,
      first: shown(first?.innerText),
      emptyBlocks: [...root.querySelectorAll('.ac-textBlock, .ac-richTextBlock')].filter((element) => shown(element.textContent) === '').length,
      headings: [...root.querySelectorAll('[role="heading"]')].map((element) => shown(element.textContent)),
      label: shown(root.getAttribute('aria-label')),
      buttons: [...root.querySelectorAll('button, [role="button"]')].map(nameOf),
      unlabelledInputs: [...root.querySelectorAll('input, select, textarea')].filter((input) => (input.labels?.length ?? 0) === 0 && !input.hasAttribute('aria-labelledby') && shown(input.getAttribute('aria-label')) === '').length,
      imagesWithoutAlternative: [...root.querySelectorAll('img')].filter((image) => shown(image.getAttribute('alt')) === '').length,
      markup: [...root.querySelectorAll('a, strong, em, b, i, script, iframe, img, at')].map((element) => element.outerHTML.slice(0, 80)),
    };
  });
};
