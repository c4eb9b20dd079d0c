# The only part that is reachable from the internet. It forwards requests to nginx on the instances.

locals {
  balancer_subnets = local.tiers[var.cdn ? "private" : "public"]

  # nginx trusts X-Forwarded-For from these: the load balancer, and CloudFront if there is one.
  trusted_proxies = concat(
    local.balancer_subnets[*].cidr_block,
    flatten([for list in data.aws_ec2_managed_prefix_list.cloudfront : sort([for entry in list.entries : entry.cidr])]),
  )
}

resource "aws_lb" "main" {
  #checkov:skip=CKV_AWS_150:On by variable; `make destroy` turns it off first
  #checkov:skip=CKV2_AWS_20:HTTP is redirected to HTTPS as soon as there is a certificate; the data is public
  #checkov:skip=CKV2_AWS_76:The service runs no Java, so no Log4j
  #checkov:skip=CKV2_AWS_28:nginx on the instances limits clients; README.md says where WAF would attach
  name                       = "${local.name}${var.cdn ? "-private" : ""}" # another name than the one it replaces
  internal                   = var.cdn                                     # CloudFront reaches it inside the VPC
  security_groups            = [aws_security_group.main["load_balancer"].id]
  subnets                    = local.balancer_subnets[*].id
  drop_invalid_header_fields = true
  enable_deletion_protection = var.deletion_protection
  idle_timeout               = 60 # seconds

  access_logs {
    enabled = true
    bucket  = aws_s3_bucket.access_logs.bucket
  }

  depends_on = [aws_s3_bucket_policy.access_logs]
}

resource "aws_lb_target_group" "app" {
  #checkov:skip=CKV_AWS_378:TLS ends at the load balancer; the instances are in its private network
  name_prefix          = "adult-"
  vpc_id               = aws_vpc.main.id
  port                 = local.proxy_port
  protocol             = "HTTP"
  deregistration_delay = 120 # seconds for downloads in flight

  # 503 until the service has been ready once, then 200 as long as it runs: a failover of the database
  # must not replace instances.
  health_check {
    path                = "/startupz"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }

  tags = { Name = local.name }

  lifecycle {
    create_before_destroy = true
    replace_triggered_by  = [aws_lb.main.internal] # a target group belongs to one load balancer
  }
}

# --- Listeners -------------------------------------------------------------------------------

resource "aws_lb_listener" "http" {
  #checkov:skip=CKV_AWS_2:Plain HTTP serves only while there is no certificate; with one it redirects
  #checkov:skip=CKV_AWS_103:As above
  load_balancer_arn = aws_lb.main.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type             = local.https ? "redirect" : "forward"
    target_group_arn = local.https ? null : aws_lb_target_group.app.arn

    dynamic "redirect" {
      for_each = local.https ? [443] : []

      content {
        protocol    = "HTTPS"
        port        = redirect.value
        status_code = "HTTP_301"
      }
    }
  }
}

resource "aws_lb_listener" "https" {
  count = local.https ? 1 : 0

  load_balancer_arn = aws_lb.main.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
  certificate_arn   = local.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.app.arn
  }
}

# --- Access logs -----------------------------------------------------------------------------

resource "aws_s3_bucket" "access_logs" {
  #checkov:skip=CKV_AWS_18:It is itself the log; logging its access would write to itself
  #checkov:skip=CKV_AWS_144:Logs that are kept for days need no second region
  #checkov:skip=CKV_AWS_145:Load balancers write to buckets with S3's own key only, which is the default
  #checkov:skip=CKV2_AWS_62:Nothing reacts to a new log file
  #checkov:skip=CKV_AWS_21:Written once by AWS and expired; there are no versions to keep
  bucket_prefix = "${local.name}-access-logs-"
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_public_access_block" "access_logs" {
  bucket                  = aws_s3_bucket.access_logs.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "access_logs" {
  bucket = aws_s3_bucket.access_logs.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.log_retention_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_policy" "access_logs" {
  bucket = aws_s3_bucket.access_logs.id
  policy = data.aws_iam_policy_document.access_logs.json

  depends_on = [aws_s3_bucket_public_access_block.access_logs]
}

data "aws_iam_policy_document" "access_logs" {
  statement {
    sid       = "LoadBalancerWrites"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.access_logs.arn}/AWSLogs/${local.account}/*"]

    principals {
      type        = "Service"
      identifiers = ["logdelivery.elasticloadbalancing.amazonaws.com"]
    }
  }

  statement {
    sid       = "TLSOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.access_logs.arn, "${aws_s3_bucket.access_logs.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}
