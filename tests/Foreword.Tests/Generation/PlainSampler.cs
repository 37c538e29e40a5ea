using Foreword.Generation;
using Foreword.Numerics;

namespace Foreword.Tests.Generation;

/// <summary>The reference for the fast sampler. It follows the sampling rules one by one on complete sorted lists.</summary>
internal sealed class PlainSampler(SamplingOptions options, int[] prompt)
{
    private readonly SplitMix64 _random = new((ulong)options.Seed);
    private readonly List<int> _drawn = [];

    public int Sample(float[] logits)
    {
        float[] row = [.. logits];
        foreach ((int id, double bias) in options.LogitBias)
            row[id] += (float)bias;
        for (int id = 0; id < row.Length; id++)
        {
            double logit = row[id];
            if (prompt.Contains(id) || _drawn.Contains(id))
                logit = logit > 0 ? logit / options.RepetitionPenalty : logit * options.RepetitionPenalty;
            int count = _drawn.Count(other => other == id);
            logit -= options.FrequencyPenalty * count + (count > 0 ? options.PresencePenalty : 0);
            row[id] = (float)logit;
        }

        List<(int Id, double Logit)> left = [.. row.Select((logit, id) => (id, logit / options.Temperature)).OrderByDescending(token => token.Item2).ThenBy(token => token.id)];
        if (options.TopK > 0)
            left = [.. left.Take(options.TopK)];
        if (options.TopP < 1)
        {
            double[] p = Softmax(left);
            int kept = Enumerable.Range(0, left.Count).Count(i => options.TopPRule == TopPRule.Crossing ? p.Take(i).Sum() < options.TopP : p.Take(i + 1).Sum() <= options.TopP);
            left = [.. left.Take(Math.Max(1, kept))];
        }

        if (options.MinP > 0)
        {
            double[] p = Softmax(left);
            double least = options.MinP * p.Max();
            left = [.. left.Where((_, i) => p[i] >= least)];
        }

        if (options.TypicalP < 1)
        {
            double[] p = Softmax(left);
            double entropy = -p.Sum(each => each * Math.Log(each));
            double[] away = [.. p.Select(each => Math.Abs(-Math.Log(each) - entropy))];
            int[] order = [.. Enumerable.Range(0, p.Length).OrderBy(i => away[i])];
            int last = order[Math.Min(p.Length - 1, Enumerable.Range(1, p.Length).Count(n => order.Take(n).Sum(i => p[i]) < options.TypicalP))];
            left = [.. left.Where((_, i) => away[i] <= away[last] + 1e-12)];
        }

        left = [.. left.OrderBy(token => token.Id)];
        double target = _random.NextDouble(), sum = 0;
        double[] shares = Softmax(left);
        int drawn = left[^1].Id;
        for (int i = 0; i < left.Count; i++)
        {
            sum += shares[i];
            if (sum > target)
            {
                drawn = left[i].Id;
                break;
            }
        }

        _drawn.Add(drawn);
        return drawn;
    }

    private static double[] Softmax(List<(int Id, double Logit)> tokens)
    {
        double largest = tokens.Max(token => token.Logit), total = tokens.Sum(token => Math.Exp(token.Logit - largest));
        return [.. tokens.Select(token => Math.Exp(token.Logit - largest) / total)];
    }
}
