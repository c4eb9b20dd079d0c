# Optional: CloudFront before the load balancer. It serves HTTPS under its own name and keeps
# answers as long as their Cache-Control says.

locals {
  cdn_protocol_header = "CloudFront-Forwarded-Proto" # CloudFront takes it from no client
}

resource "aws_cloudfront_distribution" "main" {
  #checkov:skip=CKV_AWS_68:WAF stands before the load balancer (waf), which CloudFront's requests pass as well
  #checkov:skip=CKV2_AWS_47:As above
  #checkov:skip=CKV_AWS_86:The load balancer's access logs tell what reached the service
  #checkov:skip=CKV_AWS_174:CloudFront's own certificate fixes the protocol itself
  #checkov:skip=CKV2_AWS_42:CloudFront's own name needs no certificate of ours
  #checkov:skip=CKV_AWS_310:There is one origin; its instances and zones are the spare
  #checkov:skip=CKV_AWS_374:Public data, for any country
  #checkov:skip=CKV_AWS_305:The service answers / itself
  #checkov:skip=CKV2_AWS_32:The service sets its own security headers, tested there
  count = var.cdn ? 1 : 0

  enabled         = true
  comment         = local.name
  http_version    = "http2and3"
  is_ipv6_enabled = true
  price_class     = "PriceClass_100"

  origin {
    origin_id   = "load-balancer"
    domain_name = aws_lb.main.dns_name

    custom_origin_config {
      origin_protocol_policy = "http-only"
      http_port              = 80
      https_port             = 443
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id         = "load-balancer"
    viewer_protocol_policy   = "redirect-to-https"
    allowed_methods          = ["GET", "HEAD", "OPTIONS"]
    cached_methods           = ["GET", "HEAD"]
    compress                 = true
    cache_policy_id          = aws_cloudfront_cache_policy.main[0].id
    origin_request_policy_id = aws_cloudfront_origin_request_policy.main[0].id
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}

# An answer depends on its path, its whole query and the format asked for.
resource "aws_cloudfront_cache_policy" "main" {
  count = var.cdn ? 1 : 0

  name        = local.name
  min_ttl     = 0
  default_ttl = 0
  max_ttl     = 86400

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = true
    enable_accept_encoding_gzip   = true

    query_strings_config {
      query_string_behavior = "all"
    }

    headers_config {
      header_behavior = "whitelist"

      headers {
        items = ["Accept", "Origin"]
      }
    }

    cookies_config {
      cookie_behavior = "none"
    }
  }
}

# The service is told the headers of the client, Host among them, and that it came by HTTPS: links in
# answers are made of both.
resource "aws_cloudfront_origin_request_policy" "main" {
  count = var.cdn ? 1 : 0

  name = local.name

  headers_config {
    header_behavior = "allViewerAndWhitelistCloudFront"

    headers {
      items = [local.cdn_protocol_header]
    }
  }

  query_strings_config {
    query_string_behavior = "all"
  }

  cookies_config {
    cookie_behavior = "none"
  }
}

data "aws_ec2_managed_prefix_list" "cloudfront" {
  count = var.cdn ? 1 : 0

  name = "com.amazonaws.global.cloudfront.origin-facing"
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer_from_cdn" {
  count = var.cdn ? 1 : 0

  security_group_id = aws_security_group.load_balancer.id
  description       = "CloudFront, by HTTP"
  prefix_list_id    = data.aws_ec2_managed_prefix_list.cloudfront[0].id
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80

  tags = { Name = "${local.name}-http-from-cdn" }
}
