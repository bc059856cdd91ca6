import { describe } from 'node:test';
import { testBasicPlan } from '../helpers/openid-basic-plan.ts';

describe('OpenID conformance: Basic', () => testBasicPlan('query'));
