import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import AjvDraft04 from 'ajv-draft-04';

const root = new URL('../../', import.meta.url);
const schemaFile = new URL('../shared/specs/teams-manifest.schema.json', root);

/** What packaging puts in for the placeholders. */
const filled = readFileSync(new URL('appPackage/manifest.json', root), 'utf8').replaceAll(/\$\{\{STEWARD_[A-Z_]+\}\}/g, '11111111-2222-4333-8444-555555555555');

describe('the Teams app package', () => {
  it('has a manifest that the published schema accepts', function () {
    // The published description is kept beside the project, not in it.
    if (!existsSync(schemaFile)) this.skip();
    const validate = new AjvDraft04.default({ strict: false, validateFormats: false }).compile(JSON.parse(readFileSync(schemaFile, 'utf8')));
    assert.ok(validate(JSON.parse(filled)), JSON.stringify(validate.errors, null, 2));
  });

  it('asks for no single sign-on and no resource permission: the user’s token is never used', () => {
    const manifest = JSON.parse(filled);
    assert.equal(manifest.webApplicationInfo, undefined);
    assert.equal(manifest.authorization, undefined);
    assert.deepEqual(manifest.validDomains, []);
  });

  for (const [name, size] of [['color', 192], ['outline', 32]] as const) {
    it(`has a ${name} icon of ${size} × ${size} pixels`, () => {
      const png = readFileSync(new URL(`appPackage/${name}.png`, root));
      assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [size, size]);
    });
  }
});
