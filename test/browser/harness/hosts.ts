/**
 * How Teams draws Adaptive Cards: the host configurations that Microsoft publishes for the light and the dark theme
 * (github.com/microsoft/AdaptiveCards, samples/HostConfig/microsoft-teams-light.json and microsoft-teams-dark.json,
 * colours as #AARRGGBB). For high contrast none is published: its colours are those of Fluent UI's
 * `teamsHighContrastTheme` (@fluentui/tokens, global/colors.ts: hcCanvas, hcCanvasText, hcHyperlink, hcHighlight), and
 * every container style looks the same there, so that colour says nothing at all.
 */
export const themes = ['light', 'dark', 'contrast'] as const;
export type Theme = (typeof themes)[number];

interface Palette {
  /** Text, and subtle text, on the card and on emphasis. */
  readonly text: readonly [string, string];
  /** The same on the coloured styles. */
  readonly onColour: readonly [string, string];
  readonly accent: readonly [string, string];
  readonly good: readonly [string, string];
  readonly warning: readonly [string, string];
  readonly attention: readonly [string, string];
  readonly background: string;
  readonly styles: { readonly emphasis: string; readonly accent: string; readonly good: string; readonly attention: string; readonly warning: string };
  readonly separator: string;
}

const COLOURED = { accent: '#C7DEF9', good: '#CCFFCC', attention: '#FFC5B2', warning: '#FFE2B2' };

const palettes: Readonly<Record<Theme, Palette>> = {
  light: {
    text: ['#ff252424', '#bf252424'],
    onColour: ['#ff252424', '#bf252424'],
    accent: ['#6264a7', '#8b8cc7'],
    good: ['#92c353', '#e592c353'],
    warning: ['#f8d22a', '#e5f8d22a'],
    attention: ['#c4314b', '#e5c4314b'],
    background: '#ffffff',
    styles: { emphasis: '#fff9f8f7', ...COLOURED },
    separator: '#EEEEEE',
  },
  dark: {
    text: ['#ffffffff', '#bfffffff'],
    onColour: ['#ff201f1f', '#ff2d2c2c'],
    accent: ['#ffa6a7dc', '#ff8b8cc7'],
    good: ['#ff92c353', '#e592c353'],
    warning: ['#fff8d22a', '#e5f8d22a'],
    attention: ['#ffd74654', '#e5d74654'],
    background: '#ff2d2c2c',
    styles: { emphasis: '#ff292828', ...COLOURED },
    separator: '#EEEEEE',
  },
  contrast: {
    text: ['#ffffff', '#ffffff'],
    onColour: ['#ffffff', '#ffffff'],
    accent: ['#1aebff', '#1aebff'],
    good: ['#ffffff', '#ffffff'],
    warning: ['#ffffff', '#ffffff'],
    attention: ['#ffffff', '#ffffff'],
    background: '#000000',
    styles: { emphasis: '#000000', accent: '#000000', good: '#000000', attention: '#000000', warning: '#000000' },
    separator: '#ffffff',
  },
};

/** The host configuration of a theme, as the `adaptivecards` package takes it. */
export function hostConfig(theme: Theme): Readonly<Record<string, unknown>> {
  const palette = palettes[theme];
  const pair = ([plain, subtle]: readonly [string, string]): object => ({ default: plain, subtle });
  const style = (backgroundColor: string, text: readonly [string, string]): object => ({
    backgroundColor,
    foregroundColors: { default: pair(text), dark: pair(text), light: pair(['#ffffff', '#ffffff']), accent: pair(palette.accent), good: pair(palette.good), warning: pair(palette.warning), attention: pair(palette.attention) },
  });
  const font = (fontFamily: string): object => ({ fontFamily, fontSizes: { small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 }, fontWeights: { lighter: 200, default: 400, bolder: 600 } });
  return {
    choiceSetInputValueSeparator: ',',
    supportsInteractivity: true,
    spacing: { small: 8, default: 12, medium: 16, large: 20, extraLarge: 24, padding: 16 },
    separator: { lineThickness: 1, lineColor: palette.separator },
    // Liberation Sans stands in where Segoe UI is not installed: Tahoma's and Verdana's stand-ins are far wider.
    fontTypes: { default: font("'Segoe UI', 'Liberation Sans', Tahoma, Geneva, Verdana, sans-serif"), monospace: font("'Courier New', Courier, monospace") },
    imageSizes: { small: 32, medium: 52, large: 100 },
    containerStyles: {
      default: style(palette.background, palette.text),
      emphasis: style(palette.styles.emphasis, palette.text),
      ...Object.fromEntries((['accent', 'good', 'attention', 'warning'] as const).map((name) => [name, style(palette.styles[name], palette.onColour)])),
    },
    actions: { maxActions: 6, spacing: 'Default', buttonSpacing: 8, showCard: { actionMode: 'Inline', inlineTopMargin: 16, style: 'emphasis' }, preExpandSingleShowCardAction: false, actionsOrientation: 'Horizontal', actionAlignment: 'Left' },
    adaptiveCard: { allowCustomStyle: false },
    imageSet: { imageSize: 'Medium', maxImageHeight: 100 },
  };
}

/**
 * The frame around a card and its buttons, as far as a host configuration does not say: near to what Teams draws. Long
 * words break, as in a chat message of Teams (@fluentui/react-northstar, themes/teams/components/Chat/chatMessageStyles.ts).
 */
export const frameCss: Readonly<Record<Theme, string>> = {
  light: css({ page: '#f5f5f5', border: '#d1d1d1', button: '#ffffff', buttonText: '#242424', buttonBorder: '#d1d1d1', positive: ['#5b5fc7', '#ffffff'], destructive: ['#c4314b', '#ffffff'] }),
  dark: css({ page: '#1f1f1f', border: '#525252', button: '#292929', buttonText: '#ffffff', buttonBorder: '#666666', positive: ['#4f52b2', '#ffffff'], destructive: ['#c4314b', '#ffffff'] }),
  contrast: css({ page: '#000000', border: '#ffffff', button: '#000000', buttonText: '#ffffff', buttonBorder: '#ffffff', positive: ['#1aebff', '#000000'], destructive: ['#000000', '#ffffff'] }),
};

function css(colours: { readonly page: string; readonly border: string; readonly button: string; readonly buttonText: string; readonly buttonBorder: string; readonly positive: readonly [string, string]; readonly destructive: readonly [string, string] }): string {
  return `
    body { margin: 0; padding: 16px; background: ${colours.page}; }
    .frame { box-sizing: border-box; border: 1px solid ${colours.border}; border-radius: 4px; margin-bottom: 16px; overflow: visible; word-break: break-word; overflow-wrap: break-word; }
    .ac-pushButton { font: 600 14px 'Segoe UI', 'Liberation Sans', sans-serif; padding: 5px 12px; border-radius: 4px; border: 1px solid ${colours.buttonBorder}; background: ${colours.button}; color: ${colours.buttonText}; white-space: normal; }
    .ac-pushButton.style-positive { background: ${colours.positive[0]}; color: ${colours.positive[1]}; }
    .ac-pushButton.style-destructive { background: ${colours.destructive[0]}; color: ${colours.destructive[1]}; border-color: ${colours.destructive[1]}; }
  `;
}
